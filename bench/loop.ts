import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { type Figure, figure, type Suite } from './figures.ts';
import { firstAnswerMs, unpackedPredictMb } from './predict-function.ts';

const repository = fileURLToPath(new URL('..', import.meta.url));

const uploadRounds = 5;
const rollbackRounds = 4;
const coldRounds = 5;

const started = z.object({ prediction: z.object({ version: z.int() }), seconds: z.number() });
const watched = z.object({
  run: z.object({ status: z.string(), createdAt: z.string(), endedAt: z.string() }),
  states: z.array(z.object({ part: z.string(), state: z.string(), seconds: z.number() })),
});
const listed = z.object({ live: z.object({ champion: z.object({ version: z.int() }) }) });
const answered = z.object({ replies: z.array(z.object({ version: z.int() })) });
const addresses = z.object({ stack: z.object({ apiUrl: z.string() }) });

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** Variables of a person's shell: what this process was started with by npm would change what is measured. */
function plainEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(npm_|EVERGREEN_|INIT_CWD)/i.test(name)),
  );
}

/** Runs a command in the clone; gives what it printed and how long it took. */
function run(folder: string, command: string, args: string[]): Promise<{ stdout: string; seconds: number }> {
  const began = performance.now();
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: folder,
      env: plainEnvironment(),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk) => {
      stdout += chunk;
    });
    child.stderr.on('data', (chunk) => {
      stderr += chunk;
    });
    child.once('error', reject);
    child.once('exit', (code) => {
      const seconds = (performance.now() - began) / 1000;
      if (code === 0) resolve({ stdout, seconds });
      else reject(new Error(`${command} ${args.join(' ')} ended with ${code}\n${stdout}\n${stderr}`));
    });
  });
}

/** The last JSON document of an output that npm may have put lines before. */
function lastJson(stdout: string): unknown {
  return JSON.parse(stdout.slice(stdout.indexOf('{')));
}

class Clone {
  readonly folder: string;
  constructor(folder: string) {
    this.folder = folder;
  }

  async evergreen<Schema extends z.ZodType>(schema: Schema, ...args: string[]): Promise<z.infer<Schema>> {
    const { stdout } = await run(this.folder, 'npx', ['evergreen', ...args, '--json']);
    return schema.parse(lastJson(stdout));
  }

  /** Iris with one measurement moved a little: new content, so that a version is trained. */
  variant(round: number): string {
    const text = readFileSync(join(this.folder, 'models/iris/data/iris.csv'), 'utf8');
    const file = join(this.folder, `iris-${round}.csv`);
    writeFileSync(file, text.replace('5.1,3.5,1.4,0.2', `5.1,3.5,1.4,0.2${round}`));
    return file;
  }
}

async function uploads(clone: Clone, say: (line: string) => void): Promise<Figure[]> {
  const whole: number[] = [];
  const rest: number[] = [];
  for (let round = 1; round <= uploadRounds; round += 1) {
    const { run: ended, states } = await clone.evergreen(
      watched,
      'upload',
      'iris',
      clone.variant(round),
      '--wait',
    );
    if (ended.status !== 'promoted') throw new Error(`round ${round} ended as ${ended.status}`);
    const seconds = (Date.parse(ended.endedAt) - Date.parse(ended.createdAt)) / 1000;
    const training = states
      .filter(({ part, state }) => `${part} ${state}` === 'training Train')
      .reduce((sum, state) => sum + state.seconds, 0);
    say(`upload ${round}: ${seconds.toFixed(2)} s, of which training ${training.toFixed(2)} s`);
    whole.push(seconds);
    rest.push(seconds - training);
  }
  return [figure('upload to champion', whole, 's', 12), figure('of which all but training', rest, 's', 6)];
}

/** From the command to the first answer of the version before. */
async function rollbacks(clone: Clone, say: (line: string) => void): Promise<Figure> {
  const seconds: number[] = [];
  await clone.evergreen(addresses, 'status');
  for (let round = 1; round <= rollbackRounds; round += 1) {
    const before = await clone.evergreen(listed, 'models', 'list', 'iris');
    const began = performance.now();
    await clone.evergreen(z.unknown(), 'models', 'rollback', 'iris', '--why', 'benchmark');
    const row = '{"sepal_length":5.1,"sepal_width":3.5,"petal_length":1.4,"petal_width":0.2}';
    for (;;) {
      const { replies } = await clone.evergreen(answered, 'predict', 'iris', '--row', row);
      if (replies[0]?.version !== before.live.champion.version) break;
    }
    seconds.push((performance.now() - began) / 1000);
    say(`rollback ${round}: ${seconds.at(-1)?.toFixed(2)} s`);
  }
  return figure('rollback to the version before answering', seconds, 's', 6);
}

/**
 * The two commands of the README, timed on a fresh clone with warm package caches, then the loop itself.
 *
 * The engine runs with its shortest bake time. Every figure ends with a checked result, not with a command's return.
 */
export const loopSuite: Suite = async ({ say }) => {
  const folder = mkdtempSync(join(tmpdir(), 'evergreen-bench-'));
  const clone = new Clone(join(folder, 'evergreen'));
  const port = String(await freePort());
  try {
    const began = performance.now();
    execFileSync('git', ['clone', '--quiet', repository, clone.folder]);
    const cloned = (performance.now() - began) / 1000;
    const first = await run(clone.folder, 'npm', ['start', '--', '--exit', '--json', '--port', port]);
    started.parse(lastJson(first.stdout));
    say(`clone and first start: ${(cloned + first.seconds).toFixed(1)} s`);
    const again: number[] = [];
    for (const _ of [1, 2, 3]) {
      const next = await run(clone.folder, 'npm', ['start', '--', '--exit', '--json', '--port', port]);
      started.parse(lastJson(next.stdout));
      say(`start again: ${next.seconds.toFixed(1)} s`);
      again.push(next.seconds);
    }
    await run(clone.folder, 'npx', ['evergreen', 'up', '--port', port]);
    const figures = [
      figure('clone to first prediction, and everything stopped again', [cloned + first.seconds], 's', 180),
      figure('start again to prediction, and everything stopped again', again, 's', 25),
      ...(await uploads(clone, say)),
      await rollbacks(clone, say),
    ];
    figures.push(
      figure(
        'new process to first answer',
        await firstAnswerMs(clone.folder, Number(port), coldRounds),
        'ms',
        400,
      ),
    );
    figures.push(
      figure('predict function with its layer, unpacked', [unpackedPredictMb(clone.folder)], 'MB', 60),
    );
    return figures;
  } finally {
    await run(clone.folder, 'npx', ['evergreen', 'down']).catch((thrown: unknown) => say(String(thrown)));
    rmSync(folder, { recursive: true, force: true });
  }
};
