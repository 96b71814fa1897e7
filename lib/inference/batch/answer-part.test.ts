import { writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { predictionColumns } from '../../data/columns.ts';
import { defineModel } from '../../model/definition.ts';
import { signatureOf } from '../../model/signature.ts';
import { answerPart } from './answer-part.duckdb.ts';
import { cutFile } from './cut-file.duckdb.ts';
import { readParquet } from './fixtures/read-parquet.ts';

/** Column names and classes as awkward as they may be. */
const awkward = defineModel({
  name: 'awkward',
  task: 'classification',
  features: { size: { type: 'number' }, code: { type: 'text' } },
  target: { name: 'kind', type: 'category', categories: ["it's", 'Good', 'good'] },
  identity: ['code', 'row', 'Kunde "1"'],
  train: {},
});

async function partOf(content: string): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  const cut = await cutFile('256MB', {
    download: async (path) => {
      await writeFile(path, content);
      return undefined;
    },
    recognised: { format: 'csv', isGzip: false },
    columns: predictionColumns(awkward),
    limits: { maxDecodedBytes: 1e6, maxLineBytes: 1e4, maxRows: 1e4, keptBroken: 10 },
    rowsOfOnePart: 5000,
    keep: async (_, bytes) => void parts.push(bytes),
  });
  expect(cut).toMatchObject({ rows: expect.any(Number) });
  return parts[0] ?? new Uint8Array();
}

describe('answerPart', () => {
  it('carries what identifies a row, under a name of its own, and keeps classes apart that differ in case', async () => {
    const rows = await partOf('size,code,row,"Kunde ""1"""\n1,\ufeffa,r1,k1\n2,b,,\n');
    const { bytes, refused } = await answerPart('256MB', {
      rows,
      columns: predictionColumns(awkward),
      outputs: signatureOf(awkward).outputs,
      batchId: 'b-1',
      answer: async (some) => {
        expect(some.map(({ cells }) => cells)).toEqual([
          [1, '\ufeffa', 'r1', 'k1'],
          [2, 'b', null, null],
        ]);
        const scores = { "it's": 0.25, Good: 0.5, good: 0.25 };
        return some.map(({ row }) => ({ row, prediction: { label: 'Good', scores } }));
      },
    });
    expect(refused).toBe(0);
    const scores = { "it's": 0.25, Good: 0.5, good: 0.25 };
    expect(await readParquet(bytes)).toEqual([
      expect.objectContaining({
        row: 0,
        input_row: 'r1',
        'Kunde "1"': 'k1',
        prediction_id: 'b-1-0',
        label: 'Good',
        scores,
      }),
      expect.objectContaining({
        row: 1,
        code: 'b',
        input_row: null,
        'Kunde "1"': null,
        prediction_id: 'b-1-1',
      }),
    ]);
  });

  it('takes more rows than it holds at once', async () => {
    const rows = await partOf(
      `size,code\n${Array.from({ length: 5000 }, (_, i) => `${i},c${i}\n`).join('')}`,
    );
    const asked: number[] = [];
    const { bytes } = await answerPart('256MB', {
      rows,
      columns: predictionColumns(awkward),
      outputs: signatureOf(awkward).outputs,
      batchId: 'b-1',
      answer: async (some) => {
        asked.push(some.length);
        return some.map(({ row }) => ({ row, prediction: { label: 'good' } }));
      },
    });
    expect(asked).toEqual([2048, 2048, 904]);
    const found = await readParquet(bytes);
    expect(found.map(({ row }) => row)).toEqual(Array.from({ length: 5000 }, (_, row) => row));
    // A model without scores says nothing in their place.
    expect(found[0]).toMatchObject({ label: 'good', scores: null });
  });
});
