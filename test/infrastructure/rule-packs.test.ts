import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { App, CloudFormationValidatePlugin, Stack } from 'aws-cdk-lib';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { AwsSolutionsChecks, type NagPack, ServerlessChecks } from 'cdk-nag';
import type { IConstruct } from 'constructs';
import { afterAll, describe, expect, it } from 'vitest';
import { acknowledgeWildcard, flatten } from '../../lib/platform/nag-acknowledgements.ts';
import { packageRoot } from '../../lib/platform/package-root.ts';
import { stages, synthesised } from './synthesised.ts';

const packs: [string, (scope: IConstruct) => NagPack][] = [
  ['AwsSolutions', (scope) => new AwsSolutionsChecks(scope)],
  ['Serverless', (scope) => new ServerlessChecks(scope)],
];

function findings(pack: NagPack, scope: IConstruct): string[] {
  return pack
    .validateScope(scope)
    .violations.flatMap(({ ruleName, violatingResources }) =>
      violatingResources.map(({ constructPath }) => `${ruleName} at ${constructPath}`),
    );
}

describe.each(stages)('stage %s', (stage) => {
  it.each(packs)('keeps the rules of %s, or says why not', (_, pack) => {
    const { stack } = synthesised(stage);
    expect(findings(pack(stack), stack)).toEqual([]);
  });

  it('says why in sentences', () => {
    const reasons = synthesised(stage)
      .stack.node.findAll()
      .flatMap(({ node }) => node.metadata)
      .filter(({ type }) => type === 'aws:cdk:acknowledged-rules')
      .flatMap(({ data }) => Object.values(data as Record<string, string>));
    expect(reasons.length).toBeGreaterThan(50);
    for (const reason of reasons) expect(reason).toMatch(/^[A-Z].{40,}\.$/);
  });
});

describe('the rule packs', () => {
  it.each(packs)('of %s find what is wrong', (name, pack) => {
    const stack = new Stack(new App(), 'Stack');
    new Bucket(stack, 'Bucket');
    expect(findings(pack(stack), stack).length > 0).toBe(name === 'AwsSolutions');
  });
});

describe('acknowledgeWildcard', () => {
  it('covers the one right it names', () => {
    const stack = new Stack(new App(), 'Stack');
    const role = new Role(stack, 'Role', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
    const bucket = new Bucket(stack, 'Bucket');
    const narrow = bucket.arnForObjects('a/*');
    bucket.grantRead(role, 'a/*');
    acknowledgeWildcard(role, 'Resource', narrow, 'for this test');
    const left = findings(new AwsSolutionsChecks(stack), stack).filter((finding) => finding.includes('IAM5'));
    expect(left.some((finding) => finding.includes('Action::s3:GetObject*'))).toBe(true);
    expect(left.some((finding) => finding.includes(flatten(stack.resolve(narrow))))).toBe(false);
  });
});

/** The template of a stage as a file, one line for each property, as reports point at it. */
function templateFile(folder: string, stage: (typeof stages)[number]): string {
  const file = join(folder, `${stage}.template.json`);
  writeFileSync(file, JSON.stringify(synthesised(stage).template.toJSON(), null, 1));
  return file;
}

/*
 * cfn-lint is installed with the local engine. Two of its checks are about how the CDK writes templates, not about what
 * is in them: a dependency beside the reference that makes it (W3005), and Fn::Join in the place of Fn::Sub (I1022).
 */
const checks = ['--include-checks', 'I', '--ignore-checks', 'W3005', 'I1022'];

describe.each(stages)('the template of stage %s', (stage) => {
  const folder = mkdtempSync(join(tmpdir(), 'evergreen-template-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('has no finding of cfn-lint', async () => {
    const program = join(packageRoot, '.venv', 'bin', 'cfn-lint');
    expect(existsSync(program), 'cfn-lint is installed by `npx evergreen up`').toBe(true);
    const file = templateFile(folder, stage);
    const { stdout } = await promisify(execFile)(program, [
      ...checks,
      '--regions',
      'eu-central-1',
      '--',
      file,
    ]).catch((failed: { stdout: string }) => failed);
    expect(stdout).toBe('');
  });

  it('has no finding of the validator of the CDK', () => {
    const { stack } = synthesised(stage);
    const templatePath = templateFile(folder, stage);
    const { violations } = new CloudFormationValidatePlugin().validate({
      templatePaths: [templatePath],
      stackTemplates: [
        { templatePath, stackConstructPath: stack.node.path, accountId: undefined, region: undefined },
      ],
      appConstruct: stack.node.root,
    });
    expect(violations).toEqual([]);
  });
});
