import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { toolPath } from '../../local/engine-environment.ts';
import { repositoryRoot } from '../../local/home.ts';
import { EvergreenError } from '../../shared/errors.ts';
import type { Context, GlobalOptions } from '../context.ts';
import { lines, type Outcome } from '../outcome.ts';
import { stageOf, targetOf } from '../target.ts';
import { type UpOptions, up } from './up.ts';

const limitMs = 60 * 60_000;

/** The environment of the CDK on AWS: the person's own, with their choice of profile and region. */
export function cloudEnvironment(options: GlobalOptions, variables: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const region =
    options.region === undefined ? {} : { AWS_REGION: options.region, AWS_DEFAULT_REGION: options.region };
  return { ...variables, ...region, PATH: toolPath(repositoryRoot, variables.PATH) };
}

/** Arguments of the CDK for a stage on AWS. */
export function cloudArguments(options: GlobalOptions, stage: string, deploy: UpOptions): string[] {
  return [
    'deploy',
    '--all',
    '--app',
    'node bin/evergreen.ts',
    '-c',
    `stage=${stage}`,
    ...(deploy.models === undefined ? [] : ['-c', `models=${deploy.models}`]),
    ...(deploy.bake === undefined ? [] : ['-c', `bakeSeconds=${deploy.bake}`]),
    ...(options.profile === undefined ? [] : ['--profile', options.profile]),
    '--require-approval',
    options.yes === true ? 'never' : 'broadening',
    '--no-notices',
  ];
}

/** Deploys to the target: to the engine, which is started when it must, or to the AWS account in use. */
export async function deploy(context: Context, options: UpOptions): Promise<Outcome> {
  const target = targetOf(context.options, context.home);
  if (target === 'local') return up(context, options);
  const stage = stageOf(context.options, target);
  const args = cloudArguments(context.options, stage, options);
  // The CDK asks its own questions; what it prints is progress, our answer alone is standard output.
  const child = spawn(join(repositoryRoot, 'node_modules', '.bin', 'cdk'), args, {
    cwd: repositoryRoot,
    stdio: ['inherit', process.stderr, process.stderr],
    env: cloudEnvironment(context.options, process.env),
    timeout: limitMs,
  });
  const ended = await new Promise<string | number>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('close', (code, signal) => resolve(signal ?? code ?? 1));
  });
  if (ended !== 0) {
    throw new EvergreenError(
      'deploy-failed',
      `cdk deploy of stage ${stage} failed (${ended}); its output stands above`,
    );
  }
  return { data: { target, stage, deployed: true }, view: [lines(`stack Evergreen-${stage} is deployed`)] };
}
