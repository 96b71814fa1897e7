import { describe, expect, it } from 'vitest';
import { memoryObjects } from '../data/fixtures/memory-objects.ts';
import { aVersion } from '../registry/fixtures/builders.ts';
import type { Connection } from './connection.ts';
import { judgedText, readJudgedRows } from './judged-rows.ts';

describe('readJudgedRows', () => {
  const version = aVersion(3);
  const read = (evaluation?: object, number = 3) => {
    const store = memoryObjects();
    if (evaluation) store.put(`${version.packagePrefix}evaluation.json`, JSON.stringify(evaluation));
    const connection = {
      s3: store.s3,
      outputs: { ModelBucket: 'models' },
      registry: { listVersions: async () => [version] },
    } as unknown as Connection;
    return readJudgedRows(connection, version.model, number);
  };

  it('tells a sample from all that is held out', async () => {
    const sample = await read({ rows: 500, heldOutRows: 2000, more: 1 });
    expect(sample && judgedText(sample)).toBe('a sample of 500 of the 2000 held-out rows');
    const all = await read({ rows: 30, heldOutRows: 30 });
    expect(all && judgedText(all)).toBe('30 held-out rows');
  });

  it('takes documents of earlier releases, which were always of all', async () => {
    expect(await read({ rows: 30 })).toEqual({ rows: 30, heldOutRows: 30 });
  });

  it('knows nothing when the package or the version is gone', async () => {
    expect(await read()).toBeNull();
    expect(await read({ rows: 30 }, 4)).toBeNull();
  });
});
