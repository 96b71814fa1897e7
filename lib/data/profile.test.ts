import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { defineModel } from '../model/definition.ts';
import { columnsOf } from './columns.ts';
import { quoteText, select, withWorkspace } from './database.duckdb.ts';
import type { ColumnProfile, DatasetProfile, Row } from './dataset.ts';
import { profileTable } from './profile.duckdb.ts';
import { countBins, edgesOf, keepCategories, profileColumn, profileRows } from './profile.ts';

const definition = defineModel({
  name: 'mixed',
  task: 'classification',
  features: {
    number: { type: 'number', mayBeMissing: true },
    count: { type: 'integer', mayBeMissing: true },
    flag: { type: 'boolean', mayBeMissing: true },
    colour: { type: 'category', categories: ['red', 'green'], mayBeMissing: true },
    note: { type: 'text', mayBeMissing: true },
  },
  target: { name: 'kind', type: 'category', categories: ['a', 'b'] },
  train: {},
});

describe('profileColumn', () => {
  it('cuts numbers at their deciles', () => {
    const cells = Array.from({ length: 100 }, (_, i) => i + 1);
    expect(profileColumn([...cells, null], { type: 'number', categories: [] })).toEqual({
      type: 'numeric',
      count: 100,
      missing: 1,
      mean: 50.5,
      standardDeviation: expect.closeTo(29.011491975882016, 10),
      min: 1,
      max: 100,
      edges: [10, 20, 30, 40, 50, 60, 70, 80, 90],
      counts: new Array(10).fill(10),
    });
  });

  it('gives a constant a bin on either side', () => {
    const frozen = profileColumn([5, 5, 5], { type: 'integer', categories: [] });
    expect(frozen).toMatchObject({ counts: [0, 3, 0] });
    const later = profileColumn([4, 5, 6, 6], { type: 'integer', categories: [] }, frozen);
    expect(later).toMatchObject({ counts: [1, 1, 2] });
  });

  it.each([0, -5, 1e300, -1e-300, 5e-324])('gives the constant %d an edge below it', (value) => {
    const [below = Number.NaN, at] = edgesOf([value]);
    expect(below).toBeLessThan(value);
    expect(at).toBe(value);
  });

  it('counts defined categories that do not occur, and missing ones apart', () => {
    expect(profileColumn(['red', null, ''], { type: 'category', categories: ['red', 'green'] })).toEqual({
      type: 'categorical',
      count: 1,
      missing: 2,
      counts: { green: 0, red: 1 },
      other: 0,
    });
    expect(profileColumn([true, true, null], { type: 'boolean', categories: [] })).toMatchObject({
      counts: { false: 0, true: 2 },
    });
  });

  it('measures texts in characters, not in code units', () => {
    expect(profileColumn(['👍👍'], { type: 'text', categories: [] })).toMatchObject({ counts: [0, 1, 0] });
    expect(profileColumn(['👍👍'], { type: 'text', categories: [] })).toMatchObject({
      edges: [expect.any(Number), 2],
    });
  });

  it('has nothing to say of no rows', () => {
    expect(profileColumn([], { type: 'number', categories: [] })).toMatchObject({
      count: 0,
      mean: null,
      edges: [],
      counts: [0],
    });
  });
});

describe('countBins', () => {
  it('puts every value into one bin, an edge into the bin below it', () => {
    expect(countBins([1, 2, 3, 99], [1, 2])).toEqual([1, 1, 2]);
    fc.assert(
      fc.property(fc.array(fc.double({ noNaN: true })), fc.uniqueArray(fc.integer()), (values, edges) => {
        const counts = countBins(
          values,
          edges.toSorted((a, b) => a - b),
        );
        expect(counts.reduce((sum, count) => sum + count, 0)).toBe(values.length);
      }),
    );
  });
});

describe('keepCategories', () => {
  it('keeps the hundred most frequent and counts the rest together', () => {
    const counted = new Map(
      Array.from({ length: 150 }, (_, i) => [`c${String(i).padStart(3, '0')}`, 150 - i]),
    );
    const { counts, other } = keepCategories(counted);
    expect(Object.keys(counts)).toHaveLength(100);
    expect(counts.c099).toBe(51);
    expect(other).toBe((50 * 51) / 2);
  });

  it('keeps what a frozen profile kept', () => {
    expect(
      keepCategories(
        new Map([
          ['new', 3],
          ['old', 1],
        ]),
        ['gone', 'old'],
      ),
    ).toEqual({
      counts: { gone: 0, old: 1 },
      other: 3,
    });
  });
});

const row = fc.record({
  number: fc.option(
    fc.oneof(
      fc.constantFrom(1, 2, 3),
      fc.double({ noNaN: true, min: -1e6, max: 1e6 }).map((value) => value + 0),
    ),
  ),
  count: fc.option(fc.integer({ min: -5, max: 5 })),
  flag: fc.option(fc.boolean()),
  colour: fc.option(fc.constantFrom('red', 'green')),
  note: fc.option(fc.string({ minLength: 1, unit: 'grapheme' }).filter((text) => !text.includes('\0'))),
});

const literal = (value: Row[string] | undefined, type: string) =>
  value === null || value === undefined
    ? `NULL::${type}`
    : typeof value === 'string'
      ? quoteText(value)
      : `${typeof value === 'number' ? value.toExponential() : value}::${type}`;

async function profileInDatabase(rows: Row[]): Promise<Record<string, ColumnProfile>> {
  const types = ['DOUBLE', 'BIGINT', 'BOOLEAN', 'VARCHAR', 'VARCHAR', 'VARCHAR'];
  const names = ['number', 'count', 'flag', 'colour', 'note', 'kind'];
  const values = rows.map(
    (each) => `(${names.map((name, i) => literal(each[name], types[i] ?? '')).join(', ')})`,
  );
  return withWorkspace('1GB', async ({ connection }) => {
    await connection.run(
      `CREATE TEMP TABLE t AS SELECT * FROM (VALUES ${values.join(', ')}) AS t(v0, v1, v2, v3, v4, v5)`,
    );
    expect(await select(connection, 'SELECT count(*) AS n FROM t', z.object({ n: z.number() }))).toEqual([
      { n: rows.length },
    ]);
    return profileTable(connection, 't', columnsOf(definition));
  });
}

/** Sums are added in another order in the database. */
const nearly = (profile: ColumnProfile | undefined) =>
  profile?.type === 'numeric'
    ? { ...profile, mean: near(profile.mean), standardDeviation: near(profile.standardDeviation) }
    : profile;
const near = (value: number | null) => (value === null ? null : expect.closeTo(value, 3));

describe('profileTable', () => {
  it('agrees with profileRows', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(row, { minLength: 1, maxLength: 60 }), async (rows) => {
        const { kind: _, ...features } = await profileInDatabase(
          rows.map((each) => ({ ...each, kind: 'a' })),
        );
        const wanted = profileRows(rows, definition);
        expect(features).toEqual(
          Object.fromEntries(Object.entries(wanted).map(([name, each]) => [name, nearly(each)])),
        );
      }),
      { numRuns: 40 },
    );
  }, 60_000);

  it('cuts at the same deciles for every number of rows', async () => {
    for (let n = 1; n <= 120; n += n < 31 ? 1 : 7) {
      const rows = Array.from({ length: n }, (_, i) => ({ number: i * 1.5, kind: 'a' }));
      const { number } = await profileInDatabase(rows);
      expect(number).toEqual(nearly(profileRows(rows, definition).number));
    }
  }, 60_000);
});

describe('profileRows', () => {
  it('compares live rows on the frozen bins', () => {
    const train = Array.from({ length: 50 }, (_, i) => ({
      number: i,
      count: 1,
      flag: true,
      colour: 'red',
      note: 'abc',
    }));
    const frozen: DatasetProfile = {
      schema: 'evergreen/profile/v1',
      model: 'mixed',
      datasetId: 'ds-1',
      rows: 50,
      features: profileRows(train, definition),
      target: profileColumn(['a'], { type: 'category', categories: ['a', 'b'] }),
    };
    const live = profileRows([{ number: 1000, count: 'x', colour: 'green' }], definition, frozen);
    expect(live.number).toMatchObject({ counts: [...new Array(9).fill(0), 1] });
    expect(live.count).toMatchObject({ count: 0, missing: 1, counts: [0, 0, 0] });
    expect(live.colour).toMatchObject({ counts: { green: 1, red: 0 } });
    expect(live.note).toMatchObject({ count: 0, missing: 1 });
  });
});
