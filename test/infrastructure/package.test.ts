import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { extract } from 'tar';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packageRoot } from '../../lib/platform/package-root.ts';

const run = promisify(execFile);
const modules = join(packageRoot, 'node_modules');

const appSource = `
import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { awsStage, EvergreenPlatform, loadModels, localStage, type StageSettings } from 'evergreen';

const app = new App();
const stack = new Stack(app, 'Shop');
const stage: StageSettings = { ...awsStage, name: 'shop', architecture: localStage.architecture };
const models = await loadModels(\`\${import.meta.dirname}/models\`);
const platform = new EvergreenPlatform(stack, 'Models', { models, stage });
const topic: string = platform.remediation.people.topicArn;
process.stdout.write(JSON.stringify({ isNamed: topic.length > 0, template: Template.fromStack(stack).toJSON() }));
`;

const modelSource = `
import { defineModel } from 'evergreen';

export default defineModel({
  name: 'plums',
  task: 'regression',
  features: { stone: { type: 'number', unit: 'g', min: 0, max: 10 } },
  target: { name: 'weight', type: 'number' },
  train: { algorithm: 'random-forest' },
});
`;

const compiler = {
  compilerOptions: {
    target: 'es2024',
    module: 'nodenext',
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    types: ['node'],
    allowImportingTsExtensions: true,
  },
  files: ['app.ts', 'models/plums/model.ts'],
};

interface Manifest {
  bin?: unknown;
  dependencies?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
  peerDependencies?: Record<string, string>;
}

const manifestOf = (folder: string): Manifest =>
  JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));

/** Every package that an installation of a manifest brings, as npm would put them beside each other. */
function closureOf(manifest: Manifest, found = new Set<string>()): Set<string> {
  const wanted = { ...manifest.dependencies, ...manifest.optionalDependencies, ...manifest.peerDependencies };
  for (const name of Object.keys(wanted)) {
    if (found.has(name)) continue;
    try {
      const inner = manifestOf(join(modules, name));
      found.add(name);
      closureOf({ ...inner, peerDependencies: {} }, found);
    } catch {
      // Built for another platform, or nested in the package that wants another version of it.
    }
  }
  return found;
}

describe('the package for other CDK apps', () => {
  const app = mkdtempSync(join(tmpdir(), 'evergreen-embedder-'));
  const installed = join(app, 'node_modules', 'evergreen');

  beforeAll(async () => {
    const { stdout } = await run(process.execPath, ['bin/package.ts', app], { cwd: packageRoot });
    mkdirSync(installed, { recursive: true });
    await extract({ file: stdout.trim(), cwd: installed, strip: 1 });
    for (const name of [...closureOf(manifestOf(installed)), '@types/node']) {
      const link = join(app, 'node_modules', name);
      mkdirSync(dirname(link), { recursive: true });
      symlinkSync(join(modules, name), link);
    }
    mkdirSync(join(app, 'models', 'plums'), { recursive: true });
    writeFileSync(join(app, 'package.json'), '{"type":"module"}');
    writeFileSync(join(app, 'app.ts'), appSource);
    writeFileSync(join(app, 'models', 'plums', 'model.ts'), modelSource);
    writeFileSync(join(app, 'tsconfig.json'), JSON.stringify(compiler));
  });
  afterAll(() => rmSync(app, { recursive: true, force: true }));

  it('brings no command, no tests, and leaves the CDK to the app', () => {
    const manifest = manifestOf(installed);
    expect(manifest.bin).toBeUndefined();
    expect(Object.keys(manifest.peerDependencies ?? {})).toEqual(['aws-cdk-lib', 'constructs']);
    expect(manifest.dependencies).not.toHaveProperty('aws-cdk-lib');
    expect(manifest.dependencies).toHaveProperty('@aws-sdk/client-s3');
  });

  it('describes itself to the compiler', async () => {
    const tsc = join(modules, '.bin', 'tsc');
    const { stdout } = await run(tsc, ['-p', app]).catch((failed: { stdout: string }) => failed);
    expect(stdout).toBe('');
  });

  it('puts the platform into a stack of the app, with the models of the app', async () => {
    const { stdout } = await run(process.execPath, ['app.ts'], {
      cwd: app,
      maxBuffer: 50_000_000,
      env: { PATH: process.env.PATH },
    });
    const { isNamed, template } = JSON.parse(stdout);
    expect(isNamed).toBe(true);
    const resources: { Type: string; Properties: Record<string, string> }[] = Object.values(
      template.Resources,
    );
    const named = (type: string, property: string) =>
      resources.filter(({ Type }) => Type === type).map(({ Properties }) => Properties[property]);
    expect(named('AWS::CloudWatch::Alarm', 'AlarmName')).toContain('evergreen-shop-plums-drift');
    expect(named('AWS::CloudWatch::Dashboard', 'DashboardName')).toEqual(['evergreen-shop-plums']);
    expect(named('AWS::Lambda::Function', 'Handler').length).toBeGreaterThan(10);
    expect(named('AWS::StepFunctions::StateMachine', 'DefinitionS3Location')).toHaveLength(6);
    expect(JSON.stringify(template)).not.toContain(packageRoot);
  });
});
