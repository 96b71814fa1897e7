import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { extract } from 'tar';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { writeArchive } from '../../../lib/cli/edge-archive.ts';
import { aFlower } from '../../../lib/inference/fixtures/models.ts';
import { exportedFlowers } from '../../../lib/server/fixtures/exported.ts';

/* The archive as it reaches a machine: unpacked into an empty folder, without variables and without a network. */

const run = promisify(execFile);
const work = mkdtempSync(join(tmpdir(), 'edge-archive-'));
const exported = await exportedFlowers();
const cpu = process.arch === 'arm64' ? 'arm64' : 'x64';
const at = new Date('2026-11-23T10:00:00Z');
const folder = join(work, 'unpacked', 'flowers-1');
const reply = z.object({ predictionId: z.string(), predictions: z.array(z.object({ label: z.string() })) });
const row = JSON.stringify(aFlower);

/** In a network namespace of its own there is not even a loopback until it is asked for. */
const hasNamespaces = await run('unshare', ['-rn', 'true']).then(
  () => true,
  () => false,
);

const write = (name: string, platform: 'linux-x64' | 'linux-arm64' = `linux-${cpu}`) =>
  writeArchive({ file: join(work, name), name: 'flowers-1', platform, at }, async (place) =>
    cpSync(exported.folder, join(place, 'models'), { recursive: true }),
  );

beforeAll(async () => {
  const { file } = await write('flowers.tar.gz');
  mkdirSync(join(work, 'unpacked'));
  await extract({ file, cwd: join(work, 'unpacked') });
}, 120_000);

afterAll(() => {
  for (const each of [work, exported.folder]) rmSync(each, { recursive: true });
});

interface Ended {
  code: number;
  stdout: string;
  stderr: string;
}

/** `node run.mjs …` with an empty environment, cut off from every network where the machine allows it. */
function edge(args: string[], place = folder): Promise<Ended> {
  const command = [process.execPath, join(place, 'run.mjs'), ...args];
  const [program = '', ...rest] = hasNamespaces ? ['unshare', '-rn', ...command] : command;
  const PATH = process.env.PATH ?? '';
  return new Promise((resolve) => {
    execFile(program, rest, { env: { PATH }, cwd: tmpdir() }, (error, stdout, stderr) =>
      resolve({ code: error ? Number(error.code) : 0, stdout, stderr }),
    );
  });
}

describe('an archive', { timeout: 120_000 }, () => {
  it('is the same, byte for byte, when it is written again', async () => {
    const [a, b] = [await write('a.tar.gz'), await write('b.tar.gz')];
    expect(a.sha256).toBe(b.sha256);
    expect(readFileSync(a.file).equals(readFileSync(b.file))).toBe(true);
    expect(readdirSync(work).filter((name) => name.includes('.part'))).toEqual([]);
  });

  it('holds the runtime of one platform, and is not larger than that needs', async () => {
    const runtime = join(folder, 'node_modules', 'onnxruntime-node', 'bin', 'napi-v6', 'linux');
    expect(readdirSync(runtime)).toEqual([cpu]);
    const other = cpu === 'x64' ? 'arm64' : 'x64';
    const { file, bytes, unpackedBytes } = await write('other.tar.gz', `linux-${other}`);
    expect(bytes).toBeLessThan(25e6);
    expect(unpackedBytes).toBeLessThan(55e6);
    const place = join(work, 'other');
    mkdirSync(place);
    await extract({ file, cwd: place });
    expect(await edge(['verify'], join(place, 'flowers-1'))).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(new RegExp(`this archive is for linux-${other}`)),
    });
  });

  it('says which Node it needs', async () => {
    const copy = join(work, 'newer');
    cpSync(folder, copy, { recursive: true });
    const manifest = JSON.parse(readFileSync(join(copy, 'package.json'), 'utf8'));
    expect(manifest.engines).toEqual({ node: '>=24' });
    writeFileSync(join(copy, 'package.json'), JSON.stringify({ ...manifest, engines: { node: '>=99' } }));
    expect(await edge(['verify'], copy)).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/is too old; Node 99 or newer is needed/),
    });
  });

  it('verifies itself and predicts without variables and without a network', async () => {
    const verified = await edge(['verify']);
    expect(verified, verified.stderr).toMatchObject({ code: 0 });
    expect(JSON.parse(verified.stdout)).toMatchObject({ verified: [{ model: 'flowers', version: 1 }] });
    const predicted = await edge(['predict', '--row', row]);
    expect(predicted, predicted.stderr).toMatchObject({ code: 0 });
    const { predictionId, predictions } = reply.parse(JSON.parse(predicted.stdout));
    expect(predictions).toEqual([{ label: 'iris' }]);
    const labelled = await edge(['label', '--prediction', predictionId, '--label', 'rose']);
    expect(labelled, labelled.stderr).toMatchObject({ code: 0 });
    expect(readdirSync(join(folder, 'captures', 'queue'))).toHaveLength(2);
  });

  it('serves, and has kept what it answered even when it is killed', async () => {
    const captures = join(work, 'killed');
    const args = [join(folder, 'run.mjs'), 'serve', '--port', '0', '--captures', captures];
    const server: ChildProcess = spawn(process.execPath, args, {
      env: {},
      cwd: tmpdir(),
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const ended = once(server, 'exit');
    if (!server.stderr) throw new Error('no log');
    let port: unknown;
    for await (const line of createInterface(server.stderr)) {
      const entry = JSON.parse(line);
      if (entry.kind === 'serving') port = entry.port;
      if (port !== undefined) break;
    }
    const answer = await fetch(`http://127.0.0.1:${port}/models/flowers/predict`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ rows: [aFlower] }),
    });
    const { predictionId } = reply.parse(await answer.json());
    const queue = join(captures, 'queue');
    const kept = () => readdirSync(queue).map((name) => readFileSync(join(queue, name), 'utf8'));
    await expect.poll(() => kept().join(''), { timeout: 3000 }).toContain(predictionId);
    server.kill('SIGKILL');
    await ended;
    expect(kept().join('')).toContain(predictionId);
  });

  it.each<[string, string[], number, RegExp]>([
    ['a command that it does not know', ['dance'], 2, /there is no command dance/],
    ['an option that it does not know', ['serve', '--dance'], 2, /--dance/],
    ['no command', [], 2, /usage/],
    ['a row that is no JSON', ['predict', '--row', '{'], 2, /--row is not JSON/],
    ['a row that does not fit', ['predict', '--row', '{"odd":1}'], 2, /^$/],
    ['no row', ['predict'], 2, /say --row/],
    ['a port that is none', ['serve', '--port', 'x'], 2, /--port is x/],
    ['an open address without keys', ['serve', '--host', '0.0.0.0'], 2, /--open/],
    ['no key', ['sync', '--url', 'http://127.0.0.1:9'], 2, /say --key/],
    ['a key file that is none', ['verify', '--trust', '/dev/null'], 2, /holds no public key/],
  ])('refuses %s in words', async (_, args, code, says) => {
    const ended = await edge(args);
    expect(ended.stderr).toMatch(says);
    expect(ended.code).toBe(code);
    expect(ended.stderr).not.toMatch(/ at .*:\d+/);
  });

  it('is refused when a byte of its model was changed', async () => {
    const copy = join(work, 'changed');
    cpSync(folder, copy, { recursive: true });
    const model = join(copy, 'models', exported.first.packagePrefix, 'model.onnx');
    const bytes = readFileSync(model);
    bytes.writeUInt8(bytes.readUInt8(100) ^ 1, 100);
    writeFileSync(model, bytes);
    for (const args of [['verify'], ['predict', '--row', row], ['serve', '--port', '0']]) {
      expect(await edge(args, copy)).toMatchObject({
        code: 5,
        stderr: expect.stringMatching(/model\.onnx has the digest .* \(artifact-damaged\)/),
      });
    }
  });
});
