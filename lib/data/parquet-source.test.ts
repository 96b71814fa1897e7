import { describe, expect, it } from 'vitest';
import { datasetReport } from './dataset.ts';
import { parquetOf } from './fixtures/parquet.ts';
import { aDefinition, fruitHeader, fruitRows, textLike, validate } from './fixtures/validation.ts';
import { readRows } from './parquet-rows.duckdb.ts';

const definition = aDefinition();
const key = 'incoming/fruit/upload.parquet';

/** A query that gives n sound rows, with some columns changed. */
function fruit(n: number, changes: Record<string, string> = {}): string {
  const columns = {
    weight: '100 + i',
    seeds: 'i % 7',
    colour: `CASE i % 3 WHEN 0 THEN 'red' WHEN 1 THEN 'green' END`,
    kind: `CASE WHEN i % 2 = 0 THEN 'apple' ELSE 'pear' END`,
    ...changes,
  };
  const list = Object.entries(columns).map(([name, sql]) => `${sql} AS "${name}"`);
  return `SELECT ${list.join(', ')} FROM range(${n}) AS r(i)`;
}

describe('validateDataset of Parquet', () => {
  it.each([
    ['as written', {}],
    ['doubles', { weight: '(100 + i)::DOUBLE', seeds: '(i % 7)::DOUBLE' }],
    ['floats', { weight: '(100 + i)::FLOAT' }],
    ['decimals', { weight: '(100 + i)::DECIMAL(9, 2)', seeds: '(i % 7)::UTINYINT' }],
    [
      'an enum and one column more',
      { kind: `(CASE WHEN i % 2 = 0 THEN 'apple' ELSE 'pear' END)::ENUM('apple', 'pear')`, more: '[i]' },
    ],
  ])('makes of the same rows what CSV makes of them: %s', async (_, changes) => {
    const parquet = await validate(definition, await parquetOf(fruit(60, changes)), { key });
    const csv = await validate(definition, [fruitHeader, ...fruitRows(60)].join('\n'));
    expect(parquet.outcome.rows).toEqual(csv.outcome.rows);
    expect(parquet.bytes('train.parquet')).toEqual(csv.bytes('train.parquet'));
  });

  it.each([
    ['NaN', { weight: `CASE WHEN i = 4 THEN 'NaN'::DOUBLE ELSE i END` }, 'line 5: weight is missing'],
    [
      'infinity',
      { weight: `CASE WHEN i = 4 THEN 'inf'::DOUBLE ELSE i END` },
      'line 5: weight is "inf"; a number is needed',
    ],
    [
      'a fraction',
      { seeds: 'CASE WHEN i = 4 THEN 0.5 ELSE i END::DOUBLE' },
      /^line 5: seeds is "0.5"; a whole number/,
    ],
    [
      'a great integer',
      { seeds: 'CASE WHEN i = 4 THEN 9223372036854775807 ELSE i END' },
      /^line 5: seeds is "9223372036854775807"/,
    ],
    [
      'null',
      { kind: `CASE WHEN i = 4 THEN NULL WHEN i % 2 = 0 THEN 'apple' ELSE 'pear' END` },
      'line 5: kind is missing',
    ],
  ])('keeps out a row with %s', async (_, changes, message) => {
    const { outcome, text } = await validate(definition, await parquetOf(fruit(20, changes)), { key });
    expect(outcome.rows).toMatchObject({ read: 20, quarantined: 1, accepted: 19 });
    const { problems } = datasetReport.parse(JSON.parse(text('report.json')));
    expect(problems.map((problem) => problem.message)).toEqual([textLike(message)]);
  });

  it.each([
    [
      'text for a number',
      fruit(9, { weight: `'5'` }),
      'column weight is VARCHAR in the file; a number is needed',
    ],
    [
      'a list for a category',
      fruit(9, { colour: `['red']` }),
      'column colour is VARCHAR[] in the file; text is needed',
    ],
    ['a number for the target', fruit(9, { kind: 'i' }), 'column kind is BIGINT in the file; text is needed'],
    [
      'a struct that hides a column',
      'SELECT {weight: 1, seeds: 1} AS more, NULL AS colour, NULL AS kind',
      /^columns "weight", "seeds" are missing/,
    ],
    [
      'another case of a name',
      fruit(9).replace('"weight"', '"Weight"'),
      /^column "weight" is missing; the file has "Weight"/,
    ],
    ['no rows', fruit(0), 'the file holds no rows'],
  ])('rejects a file with %s', async (_, query, reason) => {
    const { outcome } = await validate(definition, await parquetOf(query), { key });
    expect(outcome.verdict).toBe('rejected');
    expect(outcome.reasons).toEqual([textLike(reason)]);
  });

  it('rejects what is no Parquet, or was cut off', async () => {
    const whole = await parquetOf(fruit(500));
    for (const content of [
      Buffer.from('a,b\n1,2\n'),
      whole.subarray(0, -30),
      whole.subarray(200),
      Buffer.from('PAR1\0\0\0\0PAR1'),
    ]) {
      const { outcome } = await validate(definition, content, { key });
      expect(outcome.reasons).toEqual([
        expect.stringMatching(/^the Parquet file (cannot be read \(|is damaged: )/),
      ]);
      expect(outcome.reasons[0]).not.toMatch(/tmp|work-/);
    }
  });

  it('refuses a name that its reader keeps for itself', async () => {
    const { outcome } = await validate(definition, await parquetOf(fruit(20, { File_Row_Number: '1' })), {
      key,
    });
    expect(outcome.reasons).toEqual(['no column may be called File_Row_Number; rename it']);
  });

  it('refuses what does not fit into memory', async () => {
    const large = await parquetOf(fruit(3, { colour: `repeat('x', 60000000)` }));
    const { outcome } = await validate(definition, large, {
      key,
      maxSourceBytes: 500_000_000,
      memoryLimit: '256MB',
    });
    expect(outcome.reasons).toEqual([
      'the Parquet file does not fit into memory; write groups of fewer rows, and shorter texts',
    ]);
  }, 30_000);

  it('refuses a small file that unpacks to a large one', async () => {
    const bomb = await parquetOf(fruit(300_000, { more: `repeat('x', 100)` }));
    const { outcome } = await validate(definition, bomb, { key, maxSourceBytes: 1_500_000 });
    expect(outcome.reasons).toEqual([expect.stringMatching(/unpacks to \d+ bytes; at most 1500000 may be/)]);
  });
});

describe('readRows', () => {
  it('refuses bytes that are not rows of the model', async () => {
    for (const bytes of [Buffer.from('PAR1'), await parquetOf('SELECT 1 AS weight')]) {
      await expect(readRows(bytes, definition)).rejects.toMatchObject({ code: 'artifact-damaged' });
    }
  });
});
