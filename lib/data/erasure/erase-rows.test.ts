import { describe, expect, it } from 'vitest';
import { parquetOf } from '../fixtures/parquet.ts';
import { aDefinition } from '../fixtures/validation.ts';
import { versionedObjects } from '../fixtures/versioned-objects.ts';
import { eraseRows } from './erase-rows.ts';

const definition = aDefinition({ identity: ['customer'] });
const tools = { bucket: 'data', maxSourceBytes: 100_000, memoryLimit: '1GB' };

describe('eraseRows', () => {
  it('rewrites Parquet without the rows', async () => {
    const store = versionedObjects();
    const content = await parquetOf(
      `SELECT 'c-' || i AS customer, CAST(i AS DOUBLE) AS weight, i AS seeds, 'red' AS colour, 'apple' AS kind FROM range(5) AS t(i)`,
    );
    const key = 'incoming/fruit/a.parquet';
    const source = { bucket: 'data', key, versionId: store.put(key, content) };
    const wanted = { column: 'customer', subject: 'c-3' };
    const erased = await eraseRows({ source, definition }, wanted, { ...tools, s3: store.s3 }, false);
    expect(erased).toMatchObject({
      lines: [4],
      telling: [{ weight: 3, seeds: 3, colour: 'red' }],
      broken: 0,
    });
    if ('message' in erased || !erased.rewritten) throw new Error('nothing was written');
    const again = await eraseRows(
      { source: erased.rewritten, definition },
      wanted,
      { ...tools, s3: store.s3 },
      true,
    );
    expect(again).toMatchObject({ lines: [] });
  });

  it.each([
    ['incoming/fruit/a.csv', 'x'.repeat(100_001), /100001 bytes are more/],
    ['incoming/fruit/a.txt', 'x', /its name tells no format/],
    ['incoming/fruit/a.csv', 'weight\n1\n', /are missing/],
  ])('says why %s cannot be looked through', async (key, content, message) => {
    const store = versionedObjects();
    const source = { bucket: 'data', key, versionId: store.put(key, content) };
    const wanted = { column: 'customer', subject: 'c' };
    expect(await eraseRows({ source, definition }, wanted, { ...tools, s3: store.s3 }, true)).toMatchObject({
      message: expect.stringMatching(message),
    });
  });
});
