import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exportedFlowers } from '../../../lib/server/fixtures/exported.ts';
import { modelSourceOf } from '../../../lib/server/model-source.ts';
import { type RunningServer, startServer } from '../../../lib/server/server.ts';
import { serverSettings } from '../../../lib/server/settings.ts';
import { installPythonTool } from '../python-tool.ts';

/* Schemathesis reads the document that the standalone server shows, and holds the server against it. */

const pathOf = (file: string) => fileURLToPath(new URL(file, import.meta.url));

let programs: Awaited<ReturnType<typeof installPythonTool>>;
let server: RunningServer | undefined;
let folder: string | undefined;
const workFolder = mkdtempSync(join(tmpdir(), 'schemathesis-'));

beforeAll(async () => {
  programs = await installPythonTool('schemathesis', pathOf('./requirements.txt'));
  if (typeof programs !== 'string') return;
  ({ folder } = await exportedFlowers());
  const settings = serverSettings.parse({ source: { kind: 'folder', path: folder }, port: 0 });
  server = await startServer({
    settings,
    source: await modelSourceOf(settings),
    serverVersion: '1.2.3',
    log: () => undefined,
  });
});

afterAll(async () => {
  await server?.stop();
  for (const each of [folder, workFolder]) if (each !== undefined) rmSync(each, { recursive: true });
});

function runAll(program: string, seed: number): Promise<{ code: unknown; said: string }> {
  const url = `http://127.0.0.1:${server?.port}`;
  const args = [
    ...['--config-file', pathOf('./schemathesis.toml'), 'run', `${url}/openapi.json`, '--url', url],
    ...['--phases', 'coverage,fuzzing', '--max-examples', '40'],
    ...['--seed', String(seed), '--continue-on-failure', '--request-timeout', '10', '--no-color'],
    // It finds out by itself that the requests it cannot make for tensors are refused.
    ...['--warnings', 'off'],
  ];
  return new Promise((resolve) => {
    const options = { timeout: 120_000, maxBuffer: 16 * 1024 * 1024, cwd: workFolder };
    execFile(program, args, options, (error, stdout, stderr) =>
      resolve({ code: error?.code ?? error?.signal ?? 0, said: stdout + stderr }),
    );
  });
}

describe('schemathesis', () => {
  it('finds nothing that the document does not say', async ({ skip }) => {
    skip(typeof programs !== 'string', typeof programs === 'string' ? undefined : programs.missing);
    const seed = Date.now() % 1_000_000;
    const { code, said } = await runAll(`${programs}/schemathesis`, seed);
    expect(code, said).toBe(0);
    expect(said).toMatch(/Tested: 12/);
  });
});
