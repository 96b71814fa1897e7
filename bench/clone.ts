import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type * as z from 'zod';

const repository = fileURLToPath(new URL('..', import.meta.url));

/** A port of loopback that nobody listens at. */
export async function freePort(): Promise<number> {
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
export function lastJson(stdout: string): unknown {
  return JSON.parse(stdout.slice(stdout.indexOf('{')));
}

/** A fresh checkout with an engine of its own. */
export class Clone {
  readonly folder: string;
  readonly port: number;
  constructor(folder: string, port: number) {
    this.folder = folder;
    this.port = port;
  }

  /** The second command of the README, until it has stopped everything again. */
  start(): Promise<{ stdout: string; seconds: number }> {
    return run(this.folder, 'npm', ['start', '--', '--exit', '--json', '--port', `${this.port}`]);
  }

  async up(): Promise<void> {
    await run(this.folder, 'npx', ['evergreen', 'up', '--port', `${this.port}`]);
  }

  async down(): Promise<void> {
    await run(this.folder, 'npx', ['evergreen', 'down']);
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

/** Clones into a temporary folder, which is gone afterwards with what runs in it. */
export async function withClone<Result>(
  say: (line: string) => void,
  use: (clone: Clone, clonedSeconds: number) => Promise<Result>,
): Promise<Result> {
  const folder = mkdtempSync(join(tmpdir(), 'evergreen-bench-'));
  const clone = new Clone(join(folder, 'evergreen'), await freePort());
  try {
    const began = performance.now();
    execFileSync('git', ['clone', '--quiet', repository, clone.folder]);
    return await use(clone, (performance.now() - began) / 1000);
  } finally {
    await clone.down().catch((thrown: unknown) => say(String(thrown)));
    rmSync(folder, { recursive: true, force: true });
  }
}
