import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { isForBatch, outputPath } from './predict-batch.ts';

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

describe('outputPath', () => {
  it.each([
    ['a/rows.csv', 'a/rows.predictions.parquet'],
    ['a/my.rows.csv.gz', 'a/my.rows.predictions.parquet'],
    ['big.PARQUET', 'big.predictions.parquet'],
  ])('is beside %s', (path, expected) => {
    expect(outputPath(path, undefined)).toBe(expected);
  });

  it('is where it was asked for', () => {
    expect(outputPath('a/rows.csv', 'b.parquet')).toBe('b.parquet');
  });
});
