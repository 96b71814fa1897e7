import { type ChildProcess, spawn } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { repositoryRoot } from '../lib/local/home.ts';

/* The launcher is run as a process in a small checkout of its own, with an npm and a Python that only note calls. */

// Each launch is several processes; on a busy machine they take their time.
vi.setConfig({ testTimeout: 60_000 });

let root: string;
const children: ChildProcess[] = [];

function script(path: string, text: string): void {
  writeFileSync(path, `#!/bin/sh\n${text}`);
  chmodSync(path, 0o755);
}

const fakeNpm = `
echo "npm $*" >> "$CALLS"
[ -n "$NPM_DELAY" ] && sleep "$NPM_DELAY"
[ -n "$NPM_FAILS" ] && { echo "npm error $NPM_FAILS"; exit 1; }
mkdir -p node_modules/.bin && ln -sf "$NODE" node_modules/.bin/node
`;

function fakePython(version: string, missing: string): string {
  return `
if [ "$1" = -c ]; then
  echo '{"path": "'"$0"'", "version": [${version.replaceAll('.', ', ')}], "missing": [${missing}]}'
  exit 0
fi
echo "python $*" >> "$CALLS"
[ "$1 $2" = "-m venv" ] && mkdir -p "$3/bin" && cp "$0" "$3/bin/python"
[ "$1 $2" = "-m pip" ] && [ -n "$PIP_FAILS" ] && { echo "ERROR: $PIP_FAILS"; exit 1; }
exit 0
`;
}

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'launch-'));
  mkdirSync(join(root, 'bin'));
  mkdirSync(join(root, 'tools'));
  mkdirSync(join(root, 'local'));
  cpSync(join(repositoryRoot, 'bin', 'launch.mjs'), join(root, 'bin', 'launch.mjs'));
  mkdirSync(join(root, 'lib', 'local'), { recursive: true });
  for (const name of ['set-up.mjs', 'lock.mjs']) {
    cpSync(join(repositoryRoot, 'lib', 'local', name), join(root, 'lib', 'local', name));
  }
  writeFileSync(join(root, 'package-lock.json'), '{}');
  writeFileSync(join(root, 'local', 'requirements.txt'), 'nothing\n');
  writeFileSync(
    join(root, 'bin', 'cli.ts'),
    `const [verb, code] = process.argv.slice(2);
     if (verb === 'stay') { process.on('SIGTERM', () => { console.log('told to end'); process.exit(7); }); setInterval(() => {}, 1000); console.log('up'); }
     else { console.log('ran ' + process.argv.slice(2).join(' ')); process.exitCode = Number(code ?? 0) || 0; }`,
  );
  script(join(root, 'tools', 'npm'), fakeNpm);
  script(join(root, 'tools', 'python3'), fakePython('3.12.1', ''));
});

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  rmSync(root, { recursive: true, force: true });
});

function start(args: string[], variables: Record<string, string> = {}): ChildProcess {
  const child = spawn(process.execPath, [join(root, 'bin', 'launch.mjs'), ...args], {
    env: {
      PATH: `${join(root, 'tools')}:/usr/bin:/bin`,
      CALLS: join(root, 'calls'),
      NODE: process.execPath,
      ...variables,
    },
  });
  children.push(child);
  return child;
}

async function ended(child: ChildProcess): Promise<{ code: number | null; stdout: string; stderr: string }> {
  let stdout = '';
  let stderr = '';
  child.stdout?.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr?.on('data', (chunk) => {
    stderr += chunk;
  });
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, stdout, stderr })));
}

const launch = (args: string[], variables?: Record<string, string>) => ended(start(args, variables));

const calls = () =>
  existsSync(join(root, 'calls')) ? readFileSync(join(root, 'calls'), 'utf8').trim().split('\n') : [];

describe('launch', () => {
  it('installs the Node packages once and hands over arguments and exit code', async () => {
    const first = await launch(['show', '5']);
    expect(first).toMatchObject({ code: 5, stdout: 'ran show 5\n' });
    expect(first.stderr).toContain('set-up: Node packages installed');
    const second = await launch(['show', '0']);
    expect(second).toMatchObject({ code: 0, stdout: 'ran show 0\n', stderr: '' });
    expect(calls()).toEqual(['npm ci --no-audit --no-fund --include=dev']);
  });

  it('installs Python only for what needs it, and never for help', async () => {
    await launch(['status']);
    await launch(['up', '--help']);
    expect(calls().filter((call) => call.startsWith('python'))).toEqual([]);
    await launch(['up']);
    await launch(['up']);
    expect(calls().filter((call) => call.includes('pip install'))).toHaveLength(1);
  });

  it('installs again when a lock file changes', async () => {
    await launch(['up']);
    writeFileSync(join(root, 'package-lock.json'), '{"changed": true}');
    await launch(['up']);
    expect(calls().filter((call) => call.startsWith('npm'))).toHaveLength(2);
    expect(calls().filter((call) => call.includes('pip install'))).toHaveLength(1);
  });

  it('names the log and the cause when an installation fails, and repeats it the next time', async () => {
    const failed = await launch(['show'], { NPM_FAILS: 'ENOSPC: no space left on device' });
    expect(failed.code).toBe(6);
    expect(failed.stderr).toContain('no space left on device; log: ');
    expect(failed.stderr).toContain('free disk space');
    expect((await launch(['show'])).code).toBe(0);
  });

  it('begins the Python environment anew after a half-finished installation', async () => {
    const failed = await launch(['up'], { PIP_FAILS: 'connection lost' });
    expect(failed.code).toBe(6);
    writeFileSync(join(root, '.venv', 'left-over'), '');
    expect((await launch(['up'])).code).toBe(0);
    expect(existsSync(join(root, '.venv', 'left-over'))).toBe(false);
    expect(existsSync(join(root, '.venv', '.evergreen-stamp'))).toBe(true);
  });

  it('answers with one JSON document when it fails under --json', async () => {
    const failed = await launch(['status', '--json'], { NPM_FAILS: 'broken' });
    expect(JSON.parse(failed.stdout)).toMatchObject({ error: { code: 'setup-failed', kind: 'unavailable' } });
  });

  it('says which Python it found when that is too old', async () => {
    script(join(root, 'tools', 'python3'), fakePython('3.9.2', ''));
    const failed = await launch(['up'], { EVERGREEN_PYTHON: join(root, 'tools', 'python3') });
    expect(failed.code).toBe(6);
    expect(failed.stderr).toContain('Python 3.11 or newer is needed; found 3.9.2 at ');
  });

  it('names the package to install when Python cannot make virtual environments', async () => {
    script(join(root, 'tools', 'python3'), fakePython('3.11.2', '"ensurepip"'));
    const failed = await launch(['up'], { EVERGREEN_PYTHON: join(root, 'tools', 'python3') });
    expect(failed.code).toBe(6);
    expect(failed.stderr).toContain('module ensurepip is missing');
    expect(failed.stderr).toContain('apt install python3.11-venv');
  });

  it('lets one of two starts install while the other waits', async () => {
    const [first, second] = await Promise.all([
      launch(['show'], { NPM_DELAY: '0.5' }),
      launch(['show'], { NPM_DELAY: '0.5' }),
    ]);
    expect([first.code, second.code]).toEqual([0, 0]);
    expect(calls()).toHaveLength(1);
    expect(first.stderr + second.stderr).toContain('waiting for process');
  });

  it('takes over from a start that died while it installed', async () => {
    const gone = spawn(process.execPath, ['-e', '']);
    await new Promise((resolve) => gone.once('exit', resolve));
    mkdirSync(join(root, '.evergreen'));
    writeFileSync(join(root, '.evergreen', 'setup.lock'), String(gone.pid));
    const taken = await launch(['show']);
    expect(taken.code).toBe(0);
    expect(taken.stderr).toContain(`process ${gone.pid} ended half-way`);
    expect(existsSync(join(root, '.evergreen', 'setup.lock'))).toBe(false);
  });

  it('passes signals on and returns what the command makes of them', async () => {
    await launch(['show']);
    const child = start(['stay']);
    const end = ended(child);
    await new Promise<void>((resolve) => child.stdout?.once('data', () => resolve()));
    child.kill('SIGTERM');
    expect(await end).toMatchObject({ code: 7, stdout: expect.stringContaining('told to end') });
  });
});
