import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { inspectEngine, requireEngine, startEngine, stopEngine } from './engine.ts';
import { writeEngineRecord } from './engine-record.ts';
import { type Home, homeAt } from './home.ts';
import { isRunning } from './processes.ts';
import type { ProgressMessage } from './progress.ts';

vi.setConfig({ testTimeout: 30_000 });

const program = [process.execPath, join(import.meta.dirname, 'fixtures', 'evergreen_engine.mjs')];

let home: Home;
let port: number;
let told: ProgressMessage[];
const progress = (message: ProgressMessage) => void told.push(message);

function listen(): Promise<{ server: Server; port: number }> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      resolve({ server, port: typeof address === 'object' && address ? address.port : 0 });
    });
  });
}

const close = (server: Server) => new Promise((resolve) => server.close(resolve));

beforeEach(async () => {
  home = homeAt({ EVERGREEN_HOME: mkdtempSync(join(tmpdir(), 'engine-')) });
  told = [];
  const free = await listen();
  port = free.port;
  await close(free.server);
});

afterEach(async () => {
  await stopEngine(home, progress);
  rmSync(home.folder, { recursive: true, force: true });
});

async function workerOf(enginePort: number): Promise<number> {
  const answer = await fetch(`http://127.0.0.1:${enginePort}/_ministack/health`);
  return JSON.parse(await answer.text()).worker;
}

describe('startEngine', () => {
  it('starts an engine that outlives the call, and finds it again', async () => {
    const record = await startEngine(home, { port, program }, progress);
    expect((await inspectEngine(home)).state).toBe('running');
    expect(await requireEngine(home)).toEqual(record);
    expect(await startEngine(home, { program }, progress)).toEqual(record);
  });

  it('names the process that has the port', async () => {
    const taken = await listen();
    await expect(startEngine(home, { port: taken.port, program }, progress)).rejects.toMatchObject({
      code: 'port-taken',
      message: expect.stringContaining(`process ${process.pid}`),
    });
    await close(taken.server);
    expect((await inspectEngine(home)).state).toBe('stopped');
  });

  it('does not change a running engine behind its back', async () => {
    await startEngine(home, { port, program }, progress);
    await expect(startEngine(home, { port, auth: true, program }, progress)).rejects.toMatchObject({
      code: 'engine-running',
    });
  });

  it('says in one line that an earlier engine was killed, and starts again', async () => {
    const first = await startEngine(home, { port, program }, progress);
    const worker = await workerOf(port);
    process.kill(first.pid, 'SIGKILL');
    while (isRunning(first.pid)) await new Promise((resolve) => setTimeout(resolve, 5));
    expect((await inspectEngine(home)).state).toBe('gone');
    told = [];
    const second = await startEngine(home, { port, program }, progress);
    expect(second.pid).not.toBe(first.pid);
    const notes = told.filter(({ text }) => text.includes(`process ${first.pid}`));
    expect(notes).toHaveLength(1);
    expect(isRunning(worker)).toBe(false);
  });

  it('leaves a process alone that got the id of an earlier engine', async () => {
    const record = { pid: process.pid, port, auth: false, region: 'us-east-1', version: '0.1.0' };
    writeEngineRecord(home.engineRecord, { ...record, startedAt: new Date().toISOString() });
    await expect(requireEngine(home)).rejects.toMatchObject({ code: 'engine-unavailable' });
    await startEngine(home, { port, program }, progress);
    expect(told[0]?.text).toContain(`process ${process.pid} of an earlier start is another program now`);
  });

  it('shows the last line of an engine that ends at once', async () => {
    process.env.ENGINE_FAILS = 'state folder cannot be written';
    try {
      await expect(startEngine(home, { port, program }, progress)).rejects.toMatchObject({
        code: 'engine-unavailable',
        message: expect.stringContaining('state folder cannot be written'),
      });
    } finally {
      delete process.env.ENGINE_FAILS;
    }
    expect((await inspectEngine(home)).state).toBe('stopped');
  });

  it('gives the engine no credentials of the person', async () => {
    process.env.AWS_PROFILE = 'mine';
    try {
      const { pid } = await startEngine(home, { port, program }, progress);
      if (process.platform === 'linux') {
        const environment = readFileSync(`/proc/${pid}/environ`, 'utf8');
        expect(environment).not.toContain('AWS_PROFILE');
        expect(environment).toContain('AWS_ACCESS_KEY_ID=test');
      }
    } finally {
      delete process.env.AWS_PROFILE;
    }
  });
});

describe('stopEngine', () => {
  it('ends the engine and what it started', async () => {
    const { pid } = await startEngine(home, { port, program }, progress);
    const worker = await workerOf(port);
    expect(await stopEngine(home, progress)).toEqual({ stopped: true, forced: false, pid });
    expect([isRunning(pid), isRunning(worker)]).toEqual([false, false]);
    expect(await stopEngine(home, progress)).toEqual({ stopped: false, forced: false, pid: null });
  });
});
