import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { bundleFunctions } from '../../lib/platform/function-bundle.ts';
import { packageRoot } from '../../lib/platform/package-root.ts';
import { stages, synthesised } from './synthesised.ts';

const hostArchitecture = process.arch === 'arm64' ? 'arm64' : 'x86_64';

describe.each(stages)('functions of stage %s', (stage) => {
  const made = synthesised(stage);
  const functions = made.ofType('AWS::Lambda::Function');
  const architecture = stage === 'aws' ? 'arm64' : hostArchitecture;

  it('are one for each folder below lambdas/, and no helper of the CDK', () => {
    const folders = readdirSync(`${packageRoot}/lambdas`, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => `What ${name} may do`);
    const roles = functions.map(
      ([, { Properties }]) => made.resources[Properties.Role['Fn::GetAtt'][0]]?.Properties.Description,
    );
    expect(roles.sort()).toEqual(folders.sort());
  });

  it('are paid for calls alone: none is kept ready, and no endpoint waits for requests', () => {
    const types = Object.values(made.resources).map(({ Type }) => Type);
    expect(types.filter((type) => /^AWS::SageMaker::(Endpoint|InferenceExperiment)/.test(type))).toEqual([]);
    for (const type of ['AWS::Lambda::Version', 'AWS::Lambda::Alias']) {
      for (const [, { Properties }] of made.ofType(type)) {
        expect(Properties.ProvisionedConcurrencyConfig).toBeUndefined();
      }
    }
    const scales = types.filter((type) => type.startsWith('AWS::ApplicationAutoScaling'));
    expect(scales).toEqual([]);
  });

  it.each(functions)('%s runs on Node 24, traced, on the processors of the stage', (id, { Properties }) => {
    expect(Properties.Runtime).toBe('nodejs24.x');
    const isWarmedUp = made.pathOf(id) === 'Inference/Predict';
    expect(Properties.Handler).toBe(isWarmedUp ? 'init.handler' : 'index.handler');
    expect(Properties.Architectures).toEqual([architecture]);
    expect(Properties.TracingConfig).toEqual({ Mode: 'Active' });
    expect(Properties.Description).not.toBe('');
  });

  it.each(functions)('%s writes to a log group of its own that forgets after three months', (id, f) => {
    const group = f.Properties.LoggingConfig.LogGroup.Ref;
    expect(made.resources[group]?.Properties.RetentionInDays).toBe(90);
    const others = functions.filter(
      ([other, { Properties }]) => other !== id && Properties.LoggingConfig.LogGroup.Ref === group,
    );
    expect(others).toEqual([]);
  });

  it('never share a role, and no role holds a managed policy', () => {
    const roles = functions.map(([, { Properties }]) => Properties.Role['Fn::GetAtt'][0]);
    expect(new Set(roles).size).toBe(roles.length);
    for (const role of roles) {
      expect(made.resources[role]?.Properties.ManagedPolicyArns).toBeUndefined();
      const [trust, ...more] = made.resources[role]?.Properties.AssumeRolePolicyDocument.Statement ?? [];
      expect(trust.Principal).toEqual({ Service: 'lambda.amazonaws.com' });
      expect(more).toEqual([]);
    }
  });

  it('stay within the memory of an account without raised limits', () => {
    for (const [, { Properties }] of functions) expect(Properties.MemorySize).toBeLessThanOrEqual(3008);
  });

  it('get machine code as layers for their processors', () => {
    const layers = made.ofType('AWS::Lambda::LayerVersion');
    expect(layers).toHaveLength(2);
    for (const [, { Properties }] of layers) {
      expect(Properties.CompatibleArchitectures).toEqual([architecture]);
      expect(Properties.CompatibleRuntimes).toEqual(['nodejs24.x']);
    }
  });

  it.each([
    ['onnxruntime-node', 'OnnxRuntime'],
    ['@duckdb/node-api', 'DuckDb'],
  ])('have %s as a layer where their code asks for it, and nowhere else', (packageName, layer) => {
    const { folder } = bundleFunctions();
    const asking: string[] = [];
    const given: string[] = [];
    for (const [, { Properties }] of functions) {
      const role = made.resources[Properties.Role['Fn::GetAtt'][0]]?.Properties.Description;
      const [, name = ''] = /^What (.+) may do$/.exec(role) ?? [];
      const programs = readdirSync(join(folder, name)).filter((file) => file.endsWith('.js'));
      const code = programs.map((file) => readFileSync(join(folder, name, file), 'utf8')).join('');
      if (code.includes(`require("${packageName}")`)) asking.push(name);
      const layers: { Ref: string }[] = Properties.Layers ?? [];
      if (layers.some(({ Ref }) => made.pathOf(Ref) === `Layers/${layer}`)) given.push(name);
    }
    expect(asking.length).toBeGreaterThan(2);
    expect(given.sort()).toEqual(asking.sort());
  });

  it('answer predictions within the time that API Gateway waits', () => {
    const [, predict] = functions.find(([id]) => made.pathOf(id) === 'Inference/Predict') ?? [];
    expect(predict?.Properties.Timeout).toBeLessThanOrEqual(29);
    expect(predict?.Properties.Environment.Variables.MODEL_NAMES).toBe('iris,prices,yields');
  });
});

describe.each(stages)('log groups of stage %s', (stage) => {
  it.each(synthesised(stage).ofType('AWS::Logs::LogGroup'))('%s does not keep lines for ever', (_, group) => {
    expect(group.Properties.RetentionInDays).toBe(90);
  });
});
