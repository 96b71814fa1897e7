import { once } from 'node:events';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { aFlower } from '../inference/fixtures/models.ts';
import { exportedFlowers } from './fixtures/exported.ts';
import { type ServerSettings, serverSettings } from './settings.ts';
import { type WorkerGroup, Workers } from './workers.ts';

let exported: Awaited<ReturnType<typeof exportedFlowers>>;
let group: WorkerGroup | undefined;
let log: Record<string, unknown>[] = [];

beforeEach(async () => {
  exported = await exportedFlowers();
});

afterEach(async () => {
  await group?.stop();
  group = undefined;
  rmSync(exported.folder, { recursive: true });
});

async function start(over: Partial<ServerSettings> = {}): Promise<string> {
  log = [];
  const settings = serverSettings.parse({
    source: { kind: 'folder', path: exported.folder },
    port: 0,
    liveCacheMs: 50,
    ...over,
  });
  const workers = new Workers({ settings, serverVersion: '1.2.3', log: (entry) => void log.push(entry) });
  group = await workers.start();
  return `http://127.0.0.1:${group.port}`;
}

async function predict(url: string): Promise<Record<string, unknown>> {
  const reply = await fetch(`${url}/models/flowers/predict`, {
    method: 'POST',
    body: JSON.stringify({ rows: [aFlower] }),
    headers: { 'content-type': 'application/json' },
  });
  expect(reply.status).toBe(200);
  return reply.json() as Promise<Record<string, unknown>>;
}

const pids = () => log.flatMap(({ kind, pid }) => (kind === 'worker-listening' ? [Number(pid)] : []));

async function until(isSo: () => boolean): Promise<void> {
  for (let time = 0; time < 400 && !isSo(); time++) await sleep(25);
  expect(isSo()).toBe(true);
}

describe('Workers', { timeout: 30_000 }, () => {
  it('answer on one port, and count together', async () => {
    const url = await start({ workers: 2 });
    expect(new Set(pids()).size).toBe(2);
    for (let time = 0; time < 6; time++)
      expect(await predict(url)).toMatchObject({ model: 'flowers', version: 1 });
    const text = await (await fetch(`${url}/metrics`)).text();
    expect(text).toContain('evergreen_requests_total{model="flowers",version="1",variant="champion"} 6');
  });

  it('serve a new export without a restart, and keep what they answered', async () => {
    const captures = join(exported.folder, 'captures');
    const url = await start({ captureFolder: captures });
    expect((await predict(url)).version).toBe(1);
    await exported.add(2);
    await sleep(60);
    expect((await predict(url)).version).toBe(2);
    await group?.stop();
    const [file = ''] = readdirSync(captures);
    const lines = readFileSync(join(captures, file), 'utf8').trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line).version)).toEqual(['1', '2']);
  });

  it('are replaced when they die, and when they are silent', async () => {
    const url = await start({ workers: 1, stuckSeconds: 1 });
    const [first = 0] = pids();
    process.kill(first, 'SIGKILL');
    await until(() => pids().length === 2);
    await predict(url);
    const [, second = 0] = pids();
    process.kill(second, 'SIGSTOP');
    await until(() => pids().length === 3);
    await predict(url);
    expect(log.map(({ kind }) => kind)).toContain('worker-stuck');
  });

  it('say why when none can begin', async () => {
    await expect(start({ source: { kind: 'folder', path: '/nowhere' } })).rejects.toThrow(
      'there is no export.json in /nowhere',
    );
  });

  it('say why when the port is taken', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const address = other.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    await expect(start({ port })).rejects.toThrow(/EADDRINUSE/);
    other.close();
  });
});
