import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { main } from './main.ts';

let home: string;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'cli-'));
  vi.stubEnv('EVERGREEN_HOME', home);
  vi.stubEnv('EVERGREEN_TARGET', undefined);
});

afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(home, { recursive: true, force: true });
});

async function run(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  let stdout = '';
  let stderr = '';
  const writeOut = vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    stdout += String(text);
    return true;
  });
  const code = await main(args, {
    stdin: process.stdin,
    stdout: { write: (text) => (stdout += text) },
    stderr: { write: (text) => (stderr += text) },
    takeInterrupt: () => new AbortController().signal,
  });
  writeOut.mockRestore();
  return { code, stdout, stderr };
}

describe('main', () => {
  it('shows help for nothing at all, and for a command', async () => {
    expect(await run()).toMatchObject({ code: 0, stdout: expect.stringContaining('upload') });
    expect(await run('up', '--help')).toMatchObject({ code: 0, stdout: expect.stringContaining('--auth') });
  });

  it.each([
    [['nonsense'], "unknown command 'nonsense'"],
    [['upload', 'iris'], "missing required argument 'file'"],
    [['models', 'promote', 'iris', 'two', '--why', 'x'], 'whole number'],
    [['models', 'diff', 'iris', '1'], "missing required argument 'b'"],
    [['models', 'card', 'iris', '0'], 'whole number'],
    [['models', 'rollback', 'iris'], "'--why <reason>' not specified"],
    [['up', '--port', '70000'], 'whole number from 1 to 65535'],
    [['status', '--target', 'moon'], 'local, aws'],
    [['runs'], 'a command is missing'],
    [['status', '--bogus'], "unknown option '--bogus'"],
  ])('refuses %j with exit code 2', async (args, message) => {
    const { code, stdout, stderr } = await run(...args);
    expect(code).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toContain(message);
    expect(stderr.trim().split('\n')).toHaveLength(2);
  });

  it('answers a wrong command line with one JSON document when asked for JSON', async () => {
    const { code, stdout, stderr } = await run('nonsense', '--json');
    expect(code).toBe(2);
    expect(JSON.parse(stdout).error).toMatchObject({ code: 'usage-invalid', kind: 'invalid' });
    expect(stderr).toBe('');
  });

  it('says that the engine does not run, with exit code 6', async () => {
    const { code, stderr } = await run('runs', 'list', '--target', 'local');
    expect(code).toBe(6);
    expect(stderr).toContain('the local engine does not run');
  });

  it('says how to name a region when there is none', async () => {
    vi.stubEnv('AWS_REGION', undefined);
    vi.stubEnv('AWS_CONFIG_FILE', '/dev/null');
    const { code, stderr } = await run('runs', 'list', '--target', 'aws');
    expect(code).toBe(2);
    expect(stderr).toContain('Name one with --region');
  });

  it('takes options of the whole command behind the subcommand too', async () => {
    const { code, stdout } = await run('status', '--json', '--target', 'local');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ target: 'local', engine: { state: 'stopped' }, stack: null });
  });

  it.each([
    [['--models', '/nowhere'], 'there is no folder /nowhere; make one with `npx evergreen export'],
    [['--models', '/', '--tls-key', 'key.pem'], '--tls-cert and --tls-key go together'],
    [['--models', '/', '--host', '0.0.0.0'], 'name a file of keys with --keys, or say --open'],
    [['--models', '/', '--workers', '0'], 'whole number from 1 to 64'],
    [['--models', '/', '--trust', '/nowhere'], 'no such file'],
  ])('refuses to serve with %j, and says what to do', async (options, message) => {
    expect(await run('serve', ...options)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining(message),
    });
  });

  it('stops nothing where nothing runs', async () => {
    const { code, stdout } = await run('down', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual({ stopped: false, forced: false, pid: null });
  });
});
