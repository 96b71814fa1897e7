import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { predictionColumns } from '../columns.ts';
import { select, withWorkspace } from '../database.duckdb.ts';
import { datasetReport } from '../dataset.ts';
import { readTable } from '../examine.duckdb.ts';
import { parquetOf } from '../fixtures/parquet.ts';
import { aDefinition, validate } from '../fixtures/validation.ts';
import { readRows } from '../parquet-rows.duckdb.ts';
import { stageLimits } from '../stage-file.ts';

const definition = aDefinition({
  features: {
    height: { type: 'number', unit: 'm', max: 3, units: { cm: 0.01, m: 1, µm: 1e-6 } },
    seeds: { type: 'integer', units: { dozen: 12 } },
    colour: {
      type: 'category',
      categories: ['rot', 'grün'],
      mayBeMissing: true,
      normalise: { case: 'lower' },
    },
  },
  target: { name: 'kind', type: 'category', categories: ['apple', 'pear'], normalise: {} },
});

const written = [
  ['1.80', '3', 'rot', 'apple'],
  ['180 cm', '1 dozen', ' ROT', 'pear'],
  ['1.8e2cm', '0.5dozen', 'GRU\u0308N\u00a0', ' apple\t'],
  ['1800000 µm', '4.0', '   ', 'pear'],
  ['2m', '7', 'grün', 'apple'],
] as const;
const wanted = [
  { height: 1.8, seeds: 3, colour: 'rot', kind: 'apple' },
  { height: 1.8, seeds: 12, colour: 'rot', kind: 'pear' },
  { height: 1.8, seeds: 6, colour: 'grün', kind: 'apple' },
  { height: 1.8, seeds: 4, colour: null, kind: 'pear' },
  { height: 2, seeds: 7, colour: 'grün', kind: 'apple' },
].map((row) => ({ ...row, height: expect.closeTo(row.height, 12) }));
const header = 'height,seeds,colour,kind';

async function rowsOf({ bytes }: Awaited<ReturnType<typeof validate>>) {
  const sides = await Promise.all(
    ['train.parquet', 'test.parquet'].map((file) => readRows(bytes(file), definition)),
  );
  const order = (row: Record<string, unknown>) => JSON.stringify([row.seeds, row.colour]);
  return sides.flat().sort((a, b) => (order(a) < order(b) ? -1 : 1));
}
const sorted = [...wanted].sort((a, b) =>
  JSON.stringify([a.seeds, a.colour]) < JSON.stringify([b.seeds, b.colour]) ? -1 : 1,
);

describe('units and spellings', () => {
  it('of a CSV file become one, and are counted', async () => {
    const lines = written.map((cells) => cells.map((cell) => `"${cell}"`).join(','));
    const validated = await validate(definition, [header, ...lines].join('\n'));
    expect(validated.outcome.reasons).toEqual([]);
    expect(await rowsOf(validated)).toEqual(sorted);
    const { cleaning } = datasetReport.parse(JSON.parse(validated.text('report.json')));
    expect(cleaning.map(({ step, column, count }) => [step, column, count])).toEqual([
      ['normalisation', 'height', 4],
      ['normalisation', 'seeds', 2],
      ['normalisation', 'colour', 3],
      ['normalisation', 'kind', 1],
      ['exact-duplicates', null, 0],
      ['imputation', 'colour', 1],
    ]);
  });

  it('of JSON lines and Parquet are read alike', async () => {
    const names = header.split(',');
    const json = written.map((cells) => {
      const [height, seeds, colour, kind] = cells;
      return JSON.stringify({ height, seeds, colour, kind });
    });
    const fromJson = await validate(definition, json.join('\n'), { key: 'incoming/fruit/a.jsonl' });
    expect(fromJson.outcome.reasons).toEqual([]);
    expect(await rowsOf(fromJson)).toEqual(sorted);
    const values = written.map((cells) => `(${cells.map((cell) => `'${cell}'`).join(', ')})`).join(', ');
    const parquet = await parquetOf(`SELECT * FROM (VALUES ${values}) AS t(${names.join(', ')})`);
    const fromParquet = await validate(definition, parquet, { key: 'incoming/fruit/a.parquet' });
    expect(fromParquet.outcome.reasons).toEqual([]);
    expect(await rowsOf(fromParquet)).toEqual(sorted);
  });

  it('of a file to predict are read as those that were trained on', async () => {
    const lines = written.map((cells) =>
      cells
        .slice(0, 3)
        .map((cell) => `"${cell}"`)
        .join(','),
    );
    const features = await withWorkspace('1GB', async (workspace) => {
      const path = join(workspace.folder, 'file');
      await writeFile(path, ['height,seeds,colour', ...lines].join('\n'));
      const csv = { format: 'csv', isGzip: false } as const;
      await readTable(workspace, path, csv, predictionColumns(definition), stageLimits(1e6));
      const shape = z.object({ height: z.number(), seeds: z.number(), colour: z.string().nullable() });
      return select(
        workspace.connection,
        'SELECT v0 AS height, v1 AS seeds, v2 AS colour FROM checked ORDER BY line',
        shape,
      );
    });
    expect(features).toEqual(wanted.map(({ kind: _, ...row }) => row));
  });

  it('that nobody named are told with their line', async () => {
    const lines = [
      '180 inch,1,rot,apple',
      '1,2 pairs,rot,pear',
      '400 cm,1,rot,apple',
      '1,0.1 dozen,rot,apple',
      '1,1,blau,pear',
    ];
    const { text } = await validate(definition, [header, ...lines].join('\n'));
    const { problems } = datasetReport.parse(JSON.parse(text('report.json')));
    expect(problems.map(({ message }) => message)).toEqual([
      'line 2: height is "180 inch"; a number is needed, bare or with one of cm, m, µm',
      'line 3: seeds is "2 pairs"; a whole number is needed, bare or with one of dozen',
      'line 4: height is "400 cm"; a number of at most 3 is needed',
      'line 5: seeds is "0.1 dozen"; a whole number is needed, bare or with one of dozen',
      'line 6: colour is "blau"; one of rot, grün is needed',
    ]);
  });
});
