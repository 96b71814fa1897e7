import { describe, expect, it } from 'vitest';
import { batchIdOf, batchKeys } from './batch.ts';

describe('batchIdOf', () => {
  const version = { model: 'iris', version: 3, packageDigest: 'a'.repeat(64) };
  const id = batchIdOf(version, 'f'.repeat(64), 'input.csv');

  it('is the same for the same file and version, and a name that executions may have', () => {
    expect(batchIdOf({ ...version }, 'f'.repeat(64), 'input.csv')).toBe(id);
    expect(id).toMatch(/^b-[0-9a-f]{20}$/);
    expect(`${'m'.repeat(40)}-${id}-99`.length).toBeLessThanOrEqual(80);
  });

  it.each([
    ['model', batchIdOf({ ...version, model: 'rose' }, 'f'.repeat(64), 'input.csv')],
    ['version', batchIdOf({ ...version, version: 4 }, 'f'.repeat(64), 'input.csv')],
    ['package', batchIdOf({ ...version, packageDigest: 'b'.repeat(64) }, 'f'.repeat(64), 'input.csv')],
    ['file', batchIdOf(version, 'e'.repeat(64), 'input.csv')],
    ['format', batchIdOf(version, 'f'.repeat(64), 'input.jsonl')],
  ])('is another for another %s', (_, other) => {
    expect(other).not.toBe(id);
  });
});

describe('batchKeys', () => {
  it('sort parts by their number', () => {
    const keys = batchKeys({ model: 'iris', batchId: 'b-1' });
    expect(keys.part(4999)).toBe('batches/iris/b-1/parts/04999.parquet');
    expect([keys.rows(10), keys.rows(9)].sort()).toEqual([keys.rows(9), keys.rows(10)]);
  });
});
