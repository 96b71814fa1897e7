import { spawn } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod';
import { EvergreenError, messageOf } from '../shared/errors.ts';
import { engineEndpoint, engineEnvironment, engineRegion } from './engine-environment.ts';
import { saysReady, tailOf } from './engine-log.ts';
import {
  type EngineRecord,
  type EngineState,
  judgeEngine,
  readEngineRecord,
  removeEngineRecord,
  writeEngineRecord,
} from './engine-record.ts';
import { type Home, repositoryRoot } from './home.ts';
import { keptPort, moveState } from './kept-port.ts';
import { underLock } from './lock.mjs';
import { commandOf, endTree, isRunning, listenerOn, treeOf } from './processes.ts';
import type { Progress } from './progress.ts';

const startLimitMs = 60_000;
const stopGraceMs = 20_000;
const lockWaitMs = 10 * 60_000;
const logLimitBytes = 20_000_000;
const exitPortTaken = 6;

export const defaultPort = 4566;

export interface EngineOptions {
  port?: number | undefined;
  auth?: boolean | undefined;
  /** Program and arguments that come before the engine's own; tests put another program here. */
  program?: string[];
}

export interface EngineStatus {
  state: EngineState;
  record: EngineRecord | undefined;
}

async function isAnswering(port: number): Promise<boolean> {
  try {
    const answer = await fetch(`${engineEndpoint(port)}/_ministack/health`, {
      signal: AbortSignal.timeout(2000),
    });
    return answer.ok;
  } catch {
    return false;
  }
}

const isEngine = (pid: number) => commandOf(pid)?.includes('evergreen_engine') ?? false;

/** How the engine of this home is. Changes nothing. */
export async function inspectEngine(home: Home): Promise<EngineStatus> {
  const record = readEngineRecord(home.engineRecord);
  if (!record) return { state: 'stopped', record };
  const facts = {
    isRunning: isRunning(record.pid),
    isEngine: isEngine(record.pid),
    isAnswering: await isAnswering(record.port),
  };
  return { state: judgeEngine(record, facts), record };
}

/** The running engine. @throws EvergreenError `engine-unavailable` that says what is the matter. */
export async function requireEngine(home: Home): Promise<EngineRecord> {
  const { state, record } = await inspectEngine(home);
  if (state === 'running' && record) return record;
  const why = {
    running: '',
    stopped: 'the local engine does not run',
    gone: `the local engine (process ${record?.pid}) ended without being stopped`,
    foreign: `the local engine ended; process ${record?.pid} is another program`,
    unresponsive: `the local engine (process ${record?.pid}) does not answer on port ${record?.port}; see ${home.engineLog}`,
  }[state];
  throw new EvergreenError('engine-unavailable', `${why}; start it with \`npx evergreen up\``);
}

/** One start, stop or deployment at a time. */
export function withEngineLock<Result>(
  home: Home,
  progress: Progress,
  work: () => Promise<Result>,
): Promise<Result> {
  mkdirSync(home.folder, { recursive: true });
  const say = (text: string) => progress({ kind: 'note', text });
  return underLock(home.lock, { what: 'engine', waitMs: lockWaitMs, say }, work);
}

/**
 * Starts the engine, or returns the one that runs. What an interrupted start left behind is cleared first.
 *
 * Port and checks that are not asked for are those of the running engine, or the port of the kept state.
 *
 * @throws EvergreenError `port-taken`, `engine-running`, `engine-unavailable`, `setup-failed`.
 */
export async function startEngine(
  home: Home,
  options: EngineOptions,
  progress: Progress,
): Promise<EngineRecord> {
  const { state, record } = await inspectEngine(home);
  if (record && state === 'running') {
    const wantsOther =
      (options.port !== undefined && options.port !== record.port) ||
      (options.auth !== undefined && options.auth !== record.auth);
    if (!wantsOther) return record;
    throw new EvergreenError(
      'engine-running',
      `the engine runs already on port ${record.port} ${record.auth ? 'with' : 'without'} IAM checks (process ${record.pid}); stop it with \`npx evergreen down\``,
    );
  }
  if (record) await clearLeftovers(home, state, record, progress);
  const port = options.port ?? keptPort(home.state) ?? defaultPort;
  const taken = listenerOn(port);
  if (taken !== undefined) throw portTaken(port, taken);
  return launch(home, port, options.auth ?? false, options.program ?? engineProgram(), progress);
}

async function clearLeftovers(
  home: Home,
  state: EngineState,
  record: EngineRecord,
  progress: Progress,
): Promise<void> {
  if (state === 'foreign') {
    progress({
      kind: 'note',
      text: `engine: process ${record.pid} of an earlier start is another program now; its record is cleared`,
    });
  } else {
    const left = treeOf(record.pid);
    if (left.length > 0) await endTree(record.pid, stopGraceMs);
    const what = left.length > 0 ? `did not answer and was ended` : 'ended half-way';
    progress({
      kind: 'note',
      text: `engine: process ${record.pid} of an earlier start ${what}; starting again on its kept state`,
    });
  }
  removeEngineRecord(home.engineRecord);
}

function engineProgram(): string[] {
  const python = join(repositoryRoot, '.venv', 'bin', 'python');
  if (existsSync(python)) return [python, '-m', 'evergreen_engine'];
  throw new EvergreenError(
    'setup-failed',
    `the Python environment ${dirname(dirname(python))} is not there; \`npx evergreen up\` makes it`,
  );
}

function portTaken(port: number, pid: number | undefined): EvergreenError {
  const command = pid === undefined ? undefined : commandOf(pid)?.slice(0, 120);
  const who = pid === undefined ? 'another program' : `process ${pid}${command ? ` (${command})` : ''}`;
  return new EvergreenError(
    'port-taken',
    `port ${port} on 127.0.0.1 is taken by ${who}; end it, or choose another port with --port`,
    { details: { port, ...(pid === undefined ? {} : { pid }) } },
  );
}

/** A log that has grown large is put aside once, so that the disk is not filled over months. */
function openLog(path: string): number {
  mkdirSync(dirname(path), { recursive: true });
  if (existsSync(path) && statSync(path).size > logLimitBytes) renameSync(path, `${path}.1`);
  return openSync(path, 'a');
}

async function launch(
  home: Home,
  port: number,
  auth: boolean,
  program: string[],
  progress: Progress,
): Promise<EngineRecord> {
  mkdirSync(home.state, { recursive: true });
  // The engine unpacks functions below this folder; without a package.json of its own Node would take the
  // checkout's, which makes every .js file an ES module, as it is not on Lambda.
  writeFileSync(join(home.state, 'package.json'), '{}\n');
  moveState(home.state, port);
  const log = openLog(home.engineLog);
  const from = statSync(home.engineLog).size;
  const [command = '', ...fixed] = program;
  const args = [...fixed, '--port', String(port), '--state-dir', home.state, ...(auth ? ['--auth'] : [])];
  // A session of its own: Ctrl-C in the terminal reaches the command alone, which then stops the engine in order.
  const child = spawn(command, args, {
    cwd: repositoryRoot,
    detached: true,
    stdio: ['ignore', log, log],
    env: {
      ...engineEnvironment({ port, region: engineRegion }),
      PYTHONPATH: join(repositoryRoot, 'local'),
      PYTHONUNBUFFERED: '1',
    },
  });
  closeSync(log);
  const failed = new Promise<Error>((resolve) => child.once('error', resolve));
  if (child.pid === undefined) {
    throw new EvergreenError('engine-unavailable', `the engine cannot start: ${messageOf(await failed)}`);
  }
  const { version } = z
    .object({ version: z.string() })
    .parse(JSON.parse(readFileSync(join(repositoryRoot, 'package.json'), 'utf8')));
  const record: EngineRecord = {
    pid: child.pid,
    port,
    auth,
    region: engineRegion,
    startedAt: new Date().toISOString(),
    version,
  };
  writeEngineRecord(home.engineRecord, record);
  child.unref();
  progress({ kind: 'step', text: `engine: starting on 127.0.0.1:${port}` });

  const written = () => readFileSync(home.engineLog).subarray(from).toString();
  const deadline = Date.now() + startLimitMs;
  while (!saysReady(written())) {
    if (child.exitCode !== null || child.signalCode !== null) {
      removeEngineRecord(home.engineRecord);
      if (child.exitCode === exitPortTaken && /port/.test(written())) throw portTaken(port, listenerOn(port));
      throw startFailed(home, `ended at once (exit ${child.exitCode ?? child.signalCode})`, written());
    }
    if (Date.now() > deadline) {
      await endTree(record.pid, stopGraceMs);
      removeEngineRecord(home.engineRecord);
      throw startFailed(home, `was not ready within ${startLimitMs / 1000} s`, written());
    }
    await sleep(20);
  }
  progress({
    kind: 'note',
    text: `engine: ready on 127.0.0.1:${port}${auth ? ' with IAM checks' : ''} (process ${record.pid})`,
  });
  return record;
}

function startFailed(home: Home, what: string, log: string): EvergreenError {
  const last = tailOf(log, 20);
  return new EvergreenError(
    'engine-unavailable',
    `the local engine ${what}: ${last.at(-1) ?? 'it wrote nothing'}; log: ${home.engineLog}`,
    { details: { log: home.engineLog, tail: last } },
  );
}

export interface StopOutcome {
  /** Whether there was a process to stop. */
  stopped: boolean;
  /** Whether it had to be killed. */
  forced: boolean;
  pid: number | null;
}

/** Stops the engine and everything it started; its state is kept. */
export async function stopEngine(home: Home, progress: Progress): Promise<StopOutcome> {
  const { state, record } = await inspectEngine(home);
  if (!record) return { stopped: false, forced: false, pid: null };
  if (state === 'foreign') {
    removeEngineRecord(home.engineRecord);
    return { stopped: false, forced: false, pid: record.pid };
  }
  progress({ kind: 'step', text: `engine: stopping process ${record.pid}` });
  const wasThere = treeOf(record.pid).length > 0;
  const forced = await endTree(record.pid, stopGraceMs);
  removeEngineRecord(home.engineRecord);
  return { stopped: wasThere, forced, pid: record.pid };
}
