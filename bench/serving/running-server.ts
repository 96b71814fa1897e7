import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { Sample } from './models.ts';

/** A program that answers Iris over HTTP, and how it is asked. */
export interface ServerProgram {
  name: string;
  command: string;
  args: (port: number) => string[];
  cwd?: string;
  environment?: Record<string, string>;
  path: string;
  body: (rows: Sample['rows']) => string;
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}

const startDeadlineMs = 120_000;
const headers = { 'content-type': 'application/json' };

/** Bytes of memory of all processes of a session, those that they share counted once. */
function memoryOf(session: number): number {
  let kilobytes = 0;
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    try {
      const stat = readFileSync(`/proc/${entry}/stat`, 'utf8');
      // After the name, which may hold anything: state, parent, group, session.
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      if (Number(fields[3]) !== session) continue;
      const rollup = readFileSync(`/proc/${entry}/smaps_rollup`, 'utf8');
      kilobytes += Number(/^Pss:\s+(\d+)/m.exec(rollup)?.[1] ?? 0);
    } catch {
      // It ended meanwhile.
    }
  }
  return kilobytes * 1024;
}

export class RunningServer {
  readonly program: ServerProgram;
  readonly port: number;
  /** From the start of its process to its first answer. */
  readonly firstAnswerMs: number;
  readonly #child: ChildProcess;

  private constructor(program: ServerProgram, port: number, child: ChildProcess, firstAnswerMs: number) {
    this.program = program;
    this.port = port;
    this.#child = child;
    this.firstAnswerMs = firstAnswerMs;
  }

  /** @throws Error when it does not answer as the trainer did. */
  static async start(program: ServerProgram, sample: Sample): Promise<RunningServer> {
    const port = await freePort();
    const began = performance.now();
    // A session of its own, so that what it starts is known and ends with it.
    const child = spawn(program.command, program.args(port), {
      cwd: program.cwd,
      env: { ...process.env, OMP_NUM_THREADS: '1', ...program.environment },
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let said = '';
    const keep = (chunk: Buffer) => {
      said = `${said}${chunk}`.slice(-4000);
    };
    child.stdout?.on('data', keep);
    child.stderr?.on('data', keep);
    let isOver = false;
    child.once('exit', () => {
      isOver = true;
    });
    const { rows, labels } = sample;
    const first = { rows: rows.slice(0, 1), labels: labels.slice(0, 1) };
    for (;;) {
      const reply = await ask(program, port, first.rows).catch(() => undefined);
      if (reply?.ok) break;
      if (isOver || performance.now() - began > startDeadlineMs) {
        throw new Error(`${program.name} does not answer: ${reply?.text ?? ''}\n${said}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    const server = new RunningServer(program, port, child, performance.now() - began);
    await server.check(sample);
    return server;
  }

  /** @throws Error when the labels are not those of the trainer, in their order. */
  async check({ rows, labels }: Sample): Promise<void> {
    const { ok, text } = await ask(this.program, this.port, rows);
    const said = text.match(/setosa|versicolor|virginica/g) ?? [];
    if (!ok || said.join() !== labels.join()) {
      throw new Error(`${this.program.name} answers otherwise than the trainer: ${text.slice(0, 500)}`);
    }
  }

  get memoryBytes(): number {
    return memoryOf(this.#child.pid ?? -1);
  }

  request(rows: Sample['rows']) {
    const { path, body } = this.program;
    return { url: `http://127.0.0.1:${this.port}${path}`, headers, body: body(rows) };
  }

  async stop(): Promise<void> {
    const { pid } = this.#child;
    if (pid === undefined) return;
    const ended = new Promise((resolve) => this.#child.once('exit', resolve));
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    process.kill(-pid, 'SIGTERM');
    const timer = setTimeout(() => process.kill(-pid, 'SIGKILL'), 10_000);
    await ended;
    clearTimeout(timer);
  }
}

async function ask(program: ServerProgram, port: number, rows: Sample['rows']) {
  const response = await fetch(`http://127.0.0.1:${port}${program.path}`, {
    method: 'POST',
    headers,
    body: program.body(rows),
    signal: AbortSignal.timeout(10_000),
  });
  return { ok: response.ok, text: await response.text() };
}
