import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod';
import { EvergreenError } from '../shared/errors.ts';
import { inspectEngine, startEngine, stopEngine } from './engine.ts';
import { engineEnvironment } from './engine-environment.ts';
import { tailOf } from './engine-log.ts';
import type { EngineRecord } from './engine-record.ts';
import { fingerprintOf } from './fingerprint.ts';
import { type Home, repositoryRoot } from './home.ts';
import { endTree } from './processes.ts';
import type { Progress } from './progress.ts';

const deployLimitMs = 5 * 60_000;
const bootstrapLimitMs = 2 * 60_000;
/** The engine's only account. */
const engineAccount = '000000000000';

export interface DeployOptions {
  /** Context values for the CDK app, such as `models` and `bakeSeconds`. */
  contexts?: Record<string, string>;
  /** Deploys even when nothing changed. */
  force?: boolean;
  /** False leaves the stacks as they are. */
  deploy?: boolean;
}

export interface DeployOutcome {
  deployed: boolean;
  seconds: number;
}

const deployRecord = z.object({
  fingerprint: z.string().nullable(),
  bootstrapped: z.boolean(),
  contexts: z.record(z.string(), z.string()),
});
type DeployRecord = z.infer<typeof deployRecord>;

function readRecord(home: Home): DeployRecord {
  const none = { fingerprint: null, bootstrapped: false, contexts: {} };
  if (!existsSync(home.deployRecord)) return none;
  try {
    return deployRecord.parse(JSON.parse(readFileSync(home.deployRecord, 'utf8')));
  } catch {
    // Cut short by a crash: the deployment is made again.
    return none;
  }
}

function writeRecord(home: Home, record: DeployRecord): void {
  mkdirSync(dirname(home.deployRecord), { recursive: true });
  writeFileSync(home.deployRecord, JSON.stringify(record));
}

/** Contexts of the last successful deployment; a plain `up` keeps them. */
export function deployedContexts(home: Home): Record<string, string> {
  return readRecord(home).contexts;
}

function fingerprintFor(contexts: Record<string, string>): string {
  const models = contexts.models === undefined ? [] : [resolve(repositoryRoot, contexts.models)];
  return fingerprintOf(repositoryRoot, contexts, models);
}

/** Whether the engine's stack was made from what is in the checkout now. */
export function isDeployed(home: Home, contexts: Record<string, string>): boolean {
  return readRecord(home).fingerprint === fingerprintFor(contexts);
}

/**
 * Deploys the stacks to the engine with the real CDK; does nothing when nothing changed since the last time.
 *
 * @throws EvergreenError `deploy-failed` with the last lines of the logs.
 */
export async function deployLocal(
  home: Home,
  engine: EngineRecord,
  options: DeployOptions,
  progress: Progress,
): Promise<DeployOutcome> {
  const startedAt = Date.now();
  const contexts = options.contexts ?? {};
  const fingerprint = fingerprintFor(contexts);
  const before = readRecord(home);
  if (before.fingerprint === fingerprint && options.force !== true) return { deployed: false, seconds: 0 };
  writeRecord(home, { ...before, fingerprint: null });
  if (!before.bootstrapped) {
    const target = `aws://${engineAccount}/${engine.region}`;
    // CDK locks its output folder: engines of several homes may be set up from one checkout at a time.
    const args = ['bootstrap', target, '--output', home.cdkOutput];
    await cdk(home, engine, 'bootstrap', args, bootstrapLimitMs, progress);
    writeRecord(home, { ...before, fingerprint: null, bootstrapped: true });
  }
  const contextArgs = Object.entries({ stage: 'local', ...contexts }).flatMap(([name, value]) => [
    '-c',
    `${name}=${value}`,
  ]);
  const args = ['deploy', '--all', ...contextArgs, '--require-approval', 'never', '--output', home.cdkOutput];
  await cdk(
    home,
    engine,
    'deploy',
    [...args, '--app', 'node bin/evergreen.ts', '--method', 'direct', '--progress', 'events'],
    deployLimitMs,
    progress,
  );
  writeRecord(home, { fingerprint, bootstrapped: true, contexts });
  return { deployed: true, seconds: (Date.now() - startedAt) / 1000 };
}

/**
 * Starts the engine and deploys, so that in the end it runs with the checks that were asked for.
 *
 * A deployment under IAM checks fails on publishing assets, so it is made with checks off; afterwards the engine is
 * started again on its kept state.
 */
export async function bringUp(
  home: Home,
  options: DeployOptions & { port?: number | undefined; auth?: boolean | undefined },
  progress: Progress,
): Promise<{ engine: EngineRecord; deployment: DeployOutcome }> {
  const contexts = options.contexts ?? {};
  const mayDeploy = options.deploy !== false;
  const needsDeploy = mayDeploy && (options.force === true || !isDeployed(home, contexts));
  const isUp = (await inspectEngine(home)).state === 'running';
  const running = await startEngine(
    home,
    // A running engine is started again below when it must; a new one starts as the deployment needs it.
    { port: options.port, auth: isUp ? undefined : !needsDeploy && options.auth === true },
    progress,
  );
  const auth = options.auth ?? running.auth;
  let engine = running;
  const restart = async (withAuth: boolean) => {
    await stopEngine(home, progress);
    engine = await startEngine(home, { port: running.port, auth: withAuth }, progress);
  };
  if (needsDeploy && engine.auth) await restart(false);
  const deployment = needsDeploy
    ? await deployLocal(home, engine, options, progress)
    : { deployed: false, seconds: 0 };
  if (engine.auth !== auth) await restart(auth);
  return { engine, deployment };
}

async function cdk(
  home: Home,
  engine: EngineRecord,
  what: string,
  args: string[],
  limitMs: number,
  progress: Progress,
): Promise<void> {
  const startedAt = Date.now();
  mkdirSync(dirname(home.deployLog), { recursive: true });
  const program = join(repositoryRoot, 'node_modules', '.bin', 'cdk');
  const child = spawn(program, [...args, '--no-notices', '--no-version-reporting', '--no-color'], {
    cwd: repositoryRoot,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...engineEnvironment(engine), CI: 'true' },
  });
  let output = '';
  const collect = (chunk: Buffer) => {
    output += chunk.toString();
  };
  child.stdout.on('data', collect);
  child.stderr.on('data', collect);
  let ended: string | undefined;
  child.once('error', (error) => {
    ended = error.message;
  });
  child.once('close', (code, signal) => {
    ended = signal ?? String(code);
  });
  const end = () => {
    if (child.pid !== undefined && ended === undefined) process.kill(-child.pid, 'SIGKILL');
  };
  process.once('exit', end);
  try {
    while (ended === undefined && Date.now() - startedAt < limitMs) {
      const seconds = Math.round((Date.now() - startedAt) / 1000);
      progress({ kind: 'step', text: `${what}: ${seconds} s ${lastEvent(output)}`.trimEnd() });
      await sleep(200);
    }
    if (ended === undefined && child.pid !== undefined) await endTree(child.pid, 2000);
  } finally {
    process.removeListener('exit', end);
    writeFileSync(home.deployLog, `$ cdk ${args.join(' ')}\n${output}\n`, { flag: 'a' });
  }
  if (ended === '0') {
    const seconds = ((Date.now() - startedAt) / 1000).toFixed(1);
    progress({ kind: 'note', text: `${what}: done in ${seconds} s` });
    return;
  }
  const why = ended === undefined ? `did not end within ${limitMs / 1000} s` : `failed (exit ${ended})`;
  const tail = tailOf(output, 25);
  throw new EvergreenError(
    'deploy-failed',
    `cdk ${what} ${why}: ${reasonIn(output.split('\n'))}; log: ${home.deployLog}`,
    {
      details: { log: home.deployLog, tail, engineLog: home.engineLog, engineTail: engineTail(home) },
    },
  );
}

function engineTail(home: Home): string[] {
  return existsSync(home.engineLog) ? tailOf(readFileSync(home.engineLog, 'utf8'), 15) : [];
}

/** Signs of a cause, the surest first. */
const telling = [/❌.*\S{3}/u, /\[ERROR\] \S/, /\b(Could not|\w*Error:) \S/, /\b(failed|error)\b/i];

/** The line of CDK's output that says most about a failure. */
export function reasonIn(lines: string[]): string {
  const found = telling
    .map((sign) => lines.find((line) => sign.test(line)))
    .find((line) => line !== undefined);
  return (found ?? lines.at(-1) ?? 'it wrote nothing').trim().slice(0, 400);
}

/** The resource CDK is at, from its event lines: `stack | 3/20 | 10:00:00 | CREATE_COMPLETE | type | name`. */
export function lastEvent(output: string): string {
  const event = output
    .split('\n')
    .findLast((line) => / \| +\d+(\/\d+)? \| /.test(line))
    ?.split('|')
    .map((field) => field.trim());
  return event === undefined ? '' : `${event[1]} ${event.at(-1)?.split(' ')[0] ?? ''}`;
}

/** Forgets what was deployed, for a state folder that is thrown away. */
export function forgetDeployment(home: Home): void {
  rmSync(home.deployRecord, { force: true });
}
