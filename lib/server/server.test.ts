import { rmSync } from 'node:fs';
import { totalmem } from 'node:os';
import { afterEach, describe, expect, it } from 'vitest';
import { exportedFlowers } from './fixtures/exported.ts';
import { modelSourceOf } from './model-source.ts';
import { settingsOf } from './serve-options.ts';
import { type RunningServer, startServer } from './server.ts';

let exported: Awaited<ReturnType<typeof exportedFlowers>>;
let server: RunningServer | undefined;

afterEach(async () => {
  await server?.stop();
  rmSync(exported.folder, { recursive: true });
});

describe('startServer', () => {
  it('has loaded what is live before it listens, and counts what that takes of its share of the budget', async () => {
    exported = await exportedFlowers();
    const lines: Record<string, unknown>[] = [];
    const source = { kind: 'folder', path: exported.folder } as const;
    const settings = settingsOf(source, { port: 0, workers: 2, memoryBudget: 64 });
    server = await startServer({
      settings,
      source: await modelSourceOf(settings),
      serverVersion: '1.2.3',
      log: (line) => void lines.push(JSON.parse(line)),
    });
    expect(lines).toMatchObject([{ kind: 'version-loaded', model: 'flowers', loadedVersions: 1 }]);
    const ready = await fetch(`http://127.0.0.1:${server.port}/v2/health/ready`);
    expect(ready.status).toBe(200);
    const page = await server.metrics.registry.metrics();
    expect(page).toContain('evergreen_loads_total{model="flowers"} 1');
    expect(page).toContain('evergreen_loaded_versions 1');
    expect(page).toContain(`evergreen_memory_budget_bytes ${32 * 1024 ** 2}`);
    expect(Number(/evergreen_loaded_bytes (\d+)/.exec(page)?.[1])).toBeGreaterThan(400_000);
  });

  it('takes a share of the machine when no budget is named', async () => {
    exported = await exportedFlowers();
    const source = { kind: 'folder', path: exported.folder } as const;
    const settings = settingsOf(source, { port: 0, workers: 4 });
    server = await startServer({
      settings,
      source: await modelSourceOf(settings),
      serverVersion: '1.2.3',
      log: () => undefined,
    });
    const page = await server.metrics.registry.metrics();
    const budget = Number(/evergreen_memory_budget_bytes (\d+)/.exec(page)?.[1]);
    expect(budget).toBeGreaterThan(16 * 1024 ** 2);
    expect(budget).toBeLessThanOrEqual(
      Math.min(process.constrainedMemory() || Number.MAX_VALUE, totalmem()) / 4,
    );
  });
});
