import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { largestInputBytes } from '../../inference/batch/batch.ts';
import type { RegistryStore } from '../../registry/registry.store.ts';
import type { ModelVersion } from '../../registry/registry.ts';
import type { Context } from '../context.ts';
import { predict } from './predict.ts';
import { isForBatch, refuseTooLarge, sameCommand, versionToAsk } from './predict-batch.ts';

const folder = mkdtempSync(join(tmpdir(), 'predict-batch-'));
afterAll(() => rmSync(folder, { recursive: true }));

function sized(name: string, bytes: number): string {
  const path = join(folder, name);
  writeFileSync(path, '');
  truncateSync(path, bytes);
  return path;
}

describe('isForBatch', () => {
  it.each([
    ['rows.csv', 1024 ** 2, false],
    ['rows.csv', 1024 ** 2 + 1, true],
    ['rows.jsonl', 10, false],
    ['rows.json', 1024 ** 3, false],
    ['rows.parquet', 10, true],
    ['rows.csv.gz', 10, true],
  ])('%s of %d bytes: %s', (name, bytes, expected) => {
    expect(isForBatch(sized(name, bytes), {})).toBe(expected);
  });

  it.each([[{ batch: true }], [{ output: 'a' }], [{ version: 2 }], [{ wait: false }]])(
    'is with %j',
    (options) => {
      expect(isForBatch(sized('small.csv', 10), options)).toBe(true);
    },
  );

  it('leaves a file that is not there to whoever reads it', () => {
    expect(isForBatch(join(folder, 'none.csv'), { wait: true })).toBe(false);
  });
});

describe('versionToAsk', () => {
  const version = { model: 'iris', version: 3 } as ModelVersion;
  const registry = (champion: number | null) =>
    ({
      readLive: async () => ({ champion: champion === null ? null : { version: champion } }),
      readVersion: async (_: string, number: number) => ({ ...version, version: number }),
    }) as unknown as RegistryStore;

  it('is the champion, or the one that is named', async () => {
    expect(await versionToAsk({ registry: registry(3) }, 'iris', undefined)).toMatchObject({ version: 3 });
    expect(await versionToAsk({ registry: registry(3) }, 'iris', 2)).toMatchObject({ version: 2 });
    expect(await versionToAsk({ registry: registry(null) }, 'iris', 2)).toMatchObject({ version: 2 });
  });

  it('is none while there is no champion', async () => {
    await expect(versionToAsk({ registry: registry(null) }, 'iris', undefined)).rejects.toMatchObject({
      code: 'model-not-served',
    });
  });
});

describe('refuseTooLarge', () => {
  it('lets a file pass up to the limit', () => {
    expect(() => refuseTooLarge(sized('large.csv', largestInputBytes))).not.toThrow();
    expect(() => refuseTooLarge(sized('larger.csv', largestInputBytes + 1))).toThrow(
      /larger\.csv has 2147483649 bytes; at most 2147483648 are read at once/,
    );
  });
});

describe('sameCommand', () => {
  it('names the version that began, and can be pasted into a shell', () => {
    expect(sameCommand('iris', 'a/rows.csv', 3, {})).toBe(
      'npx evergreen predict iris --file a/rows.csv --version 3',
    );
    expect(sameCommand('iris', "my 'rows'.csv", 3, { output: 'b.parquet' })).toBe(
      `npx evergreen predict iris --file 'my '\\''rows'\\''.csv' --version 3 --output b.parquet`,
    );
  });
});

describe('predict', () => {
  it('refuses what is about a file for a single row', async () => {
    const context = {} as Context;
    await expect(predict(context, 'iris', { row: '{}', batch: true })).rejects.toMatchObject({
      code: 'usage-invalid',
      message: expect.stringContaining('give --file in place of --row'),
    });
  });
});
