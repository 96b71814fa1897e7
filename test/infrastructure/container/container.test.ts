import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { aFlower } from '../../../lib/inference/fixtures/models.ts';
import { repositoryRoot } from '../../../lib/local/home.ts';
import { exportedFlowers } from '../../../lib/server/fixtures/exported.ts';
import { serverSettings } from '../../../lib/server/settings.ts';
import packageFile from '../../../package.json' with { type: 'json' };
import { installPythonTool } from '../python-tool.ts';

/* There is no container engine here: the steps of the Dockerfile are done by hand, in folders that hold what it copies. */

const run = promisify(execFile);
const read = (file: string) => readFileSync(join(repositoryRoot, file), 'utf8');
const dockerfile = read('Dockerfile');
const work = mkdtempSync(join(tmpdir(), 'container-'));
const image = join(work, 'app');
const exported = await exportedFlowers();

afterAll(() => {
  for (const folder of [work, exported.folder]) rmSync(folder, { recursive: true });
});

/** Paths that a COPY of the build stage takes from the checkout. */
const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, sources = '']) =>
  sources.split(' ').map((source) => source.replace(/^\.\//, '')),
);

describe('the Dockerfile', () => {
  it('copies what .dockerignore lets through, and nothing else is let through', () => {
    const lines = read('.dockerignore').split('\n');
    const allowed = lines.filter((line) => line.startsWith('!')).map((line) => line.slice(1));
    expect(lines).toContain('*');
    expect(allowed.toSorted()).toEqual(copied.toSorted());
  });

  it('builds with the Node of this repository, and runs as nobody with fixed numbers', () => {
    expect(dockerfile).toContain(`FROM node:${packageFile.devDependencies.node}-`);
    const [major] = packageFile.devDependencies.node.split('.');
    const last = dockerfile.split(/^FROM /m).at(-1);
    expect(last).toContain(`/nodejs${major}-`);
    expect(last).toMatch(/^USER 65532:65532$/m);
    expect(last).not.toMatch(/^(RUN|ADD) /m);
    expect(last).toMatch(/^ENTRYPOINT \["\/nodejs\/bin\/node", "\/app\/serve\.mjs"\]$/m);
  });
});

describe('the image', { timeout: 120_000 }, () => {
  beforeAll(async () => {
    const context = join(work, 'source');
    mkdirSync(context);
    const isTaken = (path: string) => !/\.test\.ts$|\/fixtures$/.test(path);
    for (const source of copied) {
      cpSync(join(repositoryRoot, source), join(context, source), { recursive: true, filter: isTaken });
    }
    symlinkSync(join(repositoryRoot, 'node_modules'), join(context, 'node_modules'));
    const [, script = ''] = /^RUN node (\S+) \/app$/m.exec(dockerfile) ?? [];
    await run(process.execPath, [script, image], { cwd: context });
    rmSync(context, { recursive: true });
  });

  it('loads no client of AWS unless models lie there', () => {
    const loaded = new Map<string, string>();
    const follow = (file: string) => {
      if (loaded.has(file)) return;
      const text = readFileSync(file, 'utf8');
      loaded.set(file, text);
      for (const [, name = ''] of text.matchAll(/(?:from|import) ?"(\.[^"]+)"/g))
        follow(join(file, '..', name));
    };
    follow(join(image, 'worker.mjs'));
    expect(loaded.size).toBeGreaterThan(2);
    expect([...loaded].filter(([, text]) => text.includes('S3Client')).map(([file]) => file)).toEqual([]);
  });

  it('holds the server, and the runtime for one architecture', () => {
    expect(readdirSync(image).toSorted()).toEqual([
      'chunks',
      'node_modules',
      'package.json',
      'serve.mjs',
      'worker.mjs',
    ]);
    const runtime = join(image, 'node_modules', 'onnxruntime-node', 'bin', 'napi-v6', 'linux');
    expect(readdirSync(runtime)).toEqual([process.arch]);
  });

  it('answers from an empty folder with plain Node, and ends when it is told to', async () => {
    const empty = join(work, 'empty');
    mkdirSync(empty);
    const args = [join(image, 'serve.mjs'), '--models', exported.folder, '--port', '0', '--workers', '2'];
    const server = spawn(process.execPath, args, {
      cwd: empty,
      env: {},
      stdio: ['ignore', 'inherit', 'pipe'],
    });
    const ended = once(server, 'exit');
    const entry = z.looseObject({ kind: z.string(), port: z.int().optional() });
    let port: number | undefined;
    for await (const line of createInterface(server.stderr)) {
      const { kind, port: given } = entry.parse(JSON.parse(line));
      if (kind === 'serving') {
        port = given;
        break;
      }
    }
    const url = `http://127.0.0.1:${port}`;
    expect((await fetch(`${url}/v2/health/ready`)).status).toBe(200);
    const reply = await fetch(`${url}/models/flowers/predict`, {
      method: 'POST',
      body: JSON.stringify({ rows: [aFlower] }),
      headers: { 'content-type': 'application/json' },
    });
    expect(await reply.json()).toMatchObject({ version: 1, predictions: [{ label: 'iris' }] });
    expect(await (await fetch(`${url}/openapi.json`)).json()).toMatchObject({
      info: { version: packageFile.version },
    });
    server.kill('SIGTERM');
    expect(await ended).toEqual([0, null]);
    expect(readdirSync(empty)).toEqual([]);
  });

  it.each([
    ['nothing to serve', [], /say --models/],
    [
      'an address that others reach, without keys',
      ['--models', exported.folder, '--host', '0.0.0.0'],
      /--keys/,
    ],
    ['a flag it does not know', ['--model', 'x'], /Unknown option '--model'/],
    ['a port that is none', ['--models', exported.folder, '--port', 'x'], /port/],
  ])('refuses %s', async (_, args, why) => {
    const failed = await run(process.execPath, [join(image, 'serve.mjs'), ...args], { env: {} }).then(
      () => undefined,
      (thrown: { code: number; stderr: string }) => thrown,
    );
    expect(failed?.code).toBeGreaterThan(0);
    expect(failed?.stderr).toMatch(why);
  });
});

describe('the Kubernetes manifests', () => {
  const folder = join(repositoryRoot, 'deploy', 'kubernetes');
  const files = readdirSync(folder).map((file) => join(folder, file));
  const deployment = read('deploy/kubernetes/deployment.yaml');

  it('are as Kubernetes 1.32 and 1.37 have them', async ({ skip }) => {
    const requirements = fileURLToPath(new URL('./requirements.txt', import.meta.url));
    const programs = await installPythonTool('kubernetes-validate', requirements);
    skip(typeof programs !== 'string', typeof programs === 'string' ? undefined : programs.missing);
    for (const version of ['1.32', '1.37']) {
      const args = ['--strict', '--kubernetes-version', version, ...files];
      const { stdout, stderr } = await run(`${programs}/kubernetes-validate`, args);
      const said = stdout + stderr;
      expect(said.match(/ passed /g)).toHaveLength(6);
      expect(said).not.toMatch(/WARN|ERROR/);
    }
  });

  it('give requests in flight the time that the server gives them', () => {
    const numberAfter = (name: string) => Number(new RegExp(`${name}: (\\d+)`).exec(deployment)?.[1]);
    const { drainSeconds } = serverSettings.parse({ source: { kind: 'folder', path: '.' } });
    const workerEndSeconds = 2;
    const needed = numberAfter('preStop:\\s+sleep:\\s+seconds') + drainSeconds + workerEndSeconds;
    expect(numberAfter('terminationGracePeriodSeconds')).toBeGreaterThan(needed);
  });

  it('probe paths that need no key', () => {
    const paths = [...deployment.matchAll(/^ +path: (\S+)$/gm)].map(([, path]) => path);
    expect(paths).toEqual(['/v2/health/ready', '/v2/health/ready', '/v2/health/live']);
  });

  it('let the server do nothing but serve', () => {
    for (const wanted of [
      'runAsNonRoot: true',
      'readOnlyRootFilesystem: true',
      'allowPrivilegeEscalation: false',
    ]) {
      expect(deployment).toContain(wanted);
    }
    expect(deployment).toMatch(/drop:\s+- ALL/);
  });
});
