import { type ChildProcess, execFile, fork } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import * as z from 'zod';
import { EvergreenError } from '../shared/errors.ts';
import type { SessionRequest } from './session.ts';

/** What a model may take for its golden rows. */
export interface TrialLimits {
  /** From the start of the process to the last answer. */
  deadlineMs: number;
  /** Resident memory of the whole process. */
  memoryBytes: number;
}

export const trialLimits: TrialLimits = { deadlineMs: 30_000, memoryBytes: 1.5 * 1024 ** 3 };

/** What the child says: that it listens, then what came of the trial. */
export const trialReport = z.union([
  z.object({ outcome: z.literal('ready') }),
  z.object({ outcome: z.literal('passed') }),
  z.object({
    outcome: z.literal('refused'),
    code: z.enum(['artifact-damaged', 'model-inadmissible', 'golden-mismatch', 'model-failed', 'internal']),
    message: z.string(),
  }),
]);
export type TrialReport = z.infer<typeof trialReport>;

const lookEveryMs = process.platform === 'linux' ? 10 : 250;
const pageBytes = 4096;

/** Variables without which Node or a layer's packages are not found. Credentials are none of a model's business. */
const passedVariables = ['PATH', 'NODE_PATH', 'LD_LIBRARY_PATH', 'HOME', 'TMPDIR'];

async function residentBytes(pid: number): Promise<number> {
  if (process.platform === 'linux') {
    const [, pages] = (await readFile(`/proc/${pid}/statm`, 'utf8')).split(' ');
    return Number(pages) * pageBytes;
  }
  const { stdout } = await promisify(execFile)('ps', ['-o', 'rss=', '-p', String(pid)]);
  return Number(stdout.trim()) * 1024;
}

function startChild(workerFile: string, memoryBytes: number): ChildProcess {
  const environment = passedVariables.flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value]];
  });
  return fork(workerFile, [], {
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    env: Object.fromEntries(environment),
    execArgv: [`--max-old-space-size=${Math.ceil(memoryBytes / 1024 ** 2)}`],
  });
}

/**
 * Loads a model and lets it answer its golden rows in a process of its own, which is killed when it takes too long or
 * too much: a session of onnxruntime cannot be interrupted within a process.
 *
 * The bytes must have been admitted before (admission.ts).
 *
 * @param workerFile The file that calls `serveTrial`, as the process can start it.
 * @throws EvergreenError `model-inadmissible`, `golden-mismatch` or `model-failed`: the model is at fault.
 */
export async function tryModel(
  request: SessionRequest,
  workerFile: string,
  limits: TrialLimits = trialLimits,
): Promise<void> {
  const child = startChild(workerFile, limits.memoryBytes);
  const timers: NodeJS.Timeout[] = [];
  try {
    await new Promise<void>((resolve, reject) => {
      const refuse = (message: string) => reject(new EvergreenError('model-inadmissible', message));
      timers.push(
        setTimeout(
          () => refuse(`the golden rows took longer than ${limits.deadlineMs} ms`),
          limits.deadlineMs,
        ),
        setInterval(() => {
          if (child.pid === undefined) return;
          // A process that has just ended has no memory to ask for.
          residentBytes(child.pid).then(
            (bytes) => {
              if (bytes > limits.memoryBytes) {
                refuse(
                  `the golden rows took more than ${Math.round(limits.memoryBytes / 1024 ** 2)} MiB of memory`,
                );
              }
            },
            () => undefined,
          );
        }, lookEveryMs),
      );
      child.on('error', reject);
      let isReady = false;
      child.on('exit', (code, signal) => {
        const how = signal ?? `exit code ${code}`;
        if (isReady) refuse(`the model ended the process it was tried in (${how})`);
        else reject(new EvergreenError('internal', `the trial of a model could not begin (${how})`));
      });
      child.on('message', (message: unknown) => {
        const report = trialReport.parse(message);
        if (report.outcome === 'passed') resolve();
        else if (report.outcome === 'refused') reject(new EvergreenError(report.code, report.message));
        else {
          isReady = true;
          child.send(request, (error) => {
            if (error) reject(error);
          });
        }
      });
    });
  } finally {
    for (const timer of timers) clearTimeout(timer);
    child.removeAllListeners();
    // A child that is killed while a message is under way says so; nobody waits for it any more.
    child.on('error', () => undefined);
    child.kill('SIGKILL');
  }
}
