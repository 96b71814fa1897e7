import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import iris from '../../models/iris/model.ts';
import expected from './fixtures/iris-split.json' with { type: 'json' };
import { validate } from './fixtures/validation.ts';
import { readRows } from './parquet-rows.duckdb.ts';

describe('the seeded split of iris', () => {
  it('holds the rows of train_test_split, in its order', async () => {
    const content = await readFile(new URL('../../models/iris/data/iris.csv', import.meta.url));
    const { bytes } = await validate(iris, content);
    const listed = async (file: string) =>
      (await readRows(bytes(file), iris)).map((row) => Object.values(row).join(','));
    expect(await listed('test.parquet')).toEqual(expected.test);
    expect(await listed('train.parquet')).toEqual(expected.train);
  });
});
