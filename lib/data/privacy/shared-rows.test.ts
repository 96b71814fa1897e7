import { describe, expect, it } from 'vitest';
import { datasetsOfSameRows } from './shared-rows.ts';

const dataset = (datasetId: string, sha256: string, ...parents: string[]) => ({
  datasetId,
  source: { sha256 },
  parents: parents.map((parent) => ({ datasetId: parent, because: 'erasure' as const })),
});

describe('datasetsOfSameRows', () => {
  const datasets = [
    dataset('ds-may', 'a'),
    dataset('ds-may-defined-anew', 'a'),
    dataset('ds-without-ann', 'b', 'ds-gone'),
    dataset('ds-without-ann-and-bo', 'c', 'ds-without-ann', 'ds-gone'),
    dataset('ds-retrained', 'd', 'ds-may'),
    dataset('ds-of-its-own', 'e'),
  ];

  it.each([
    ['ds-may', ['ds-may-defined-anew', 'ds-retrained']],
    ['ds-retrained', ['ds-may', 'ds-may-defined-anew']],
    ['ds-without-ann-and-bo', ['ds-gone', 'ds-without-ann']],
    ['ds-without-ann', ['ds-gone', 'ds-without-ann-and-bo']],
    ['ds-of-its-own', []],
  ])('finds those of %s', (id, others) => {
    expect([...datasetsOfSameRows(datasets, id)].sort()).toEqual(others);
  });
});
