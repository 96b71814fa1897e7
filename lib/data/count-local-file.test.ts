import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { defineModel } from '../model/definition.ts';
import { seededRandom } from '../shared/random.ts';
import { columnsOf } from './columns.ts';
import { countLocalFile } from './count-local-file.duckdb.ts';
import type { ColumnProfile, DatasetProfile, Row } from './dataset.ts';
import { parquetOf } from './fixtures/parquet.ts';
import { profileRows } from './profile.ts';

const definition = defineModel({
  name: 'mixed',
  task: 'classification',
  features: {
    size: { type: 'number', mayBeMissing: true, min: -2, max: 2 },
    age: { type: 'integer', mayBeMissing: true, generalise: { width: 10 } },
    flag: { type: 'boolean', mayBeMissing: true },
    colour: { type: 'category', categories: ['red', 'green'], mayBeMissing: true },
    note: { type: 'text', mayBeMissing: true },
  },
  target: { name: 'kind', type: 'category', categories: ['a', 'b'] },
  train: {},
});
const features = columnsOf(definition).filter(({ role }) => role === 'feature');

function drawRows(count: number, seed: number): Row[] {
  const random = seededRandom(seed);
  const orMissing = <Value>(value: Value) => (random() < 0.1 ? null : value);
  return Array.from({ length: count }, () => ({
    size: orMissing(Math.round(random() * 4000 - 2000) / 1000),
    age: orMissing(Math.floor(random() * 100)),
    flag: orMissing(random() < 0.3),
    colour: orMissing(random() < 0.7 ? 'red' : 'violet'),
    note: orMissing('x'.repeat(1 + Math.floor(random() * 12))),
  }));
}

/** As requests are counted, whose ages are coarse already. */
function profilesOf(rows: readonly Row[], frozen?: DatasetProfile): Record<string, ColumnProfile> {
  const coarse = rows.map((row) => ({
    ...row,
    age: typeof row.age === 'number' ? Math.floor(row.age / 10) * 10 : null,
  }));
  const bare = { mean: null, standardDeviation: null, min: null, max: null };
  return Object.fromEntries(
    Object.entries(profileRows(coarse, definition, frozen)).map(([name, each]) => [
      name,
      each.type === 'numeric' ? { ...each, ...bare } : each,
    ]),
  );
}

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'count-file-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const written = (name: string, text: string | Buffer) => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};

const names = Object.keys(definition.features);
const asJsonLines = (rows: readonly Row[]) => rows.map((row) => JSON.stringify(row)).join('\n');
const asCsv = (rows: readonly Row[]) =>
  [names.join(','), ...rows.map((row) => names.map((name) => row[name] ?? '').join(','))].join('\n');
async function asParquet(rows: readonly Row[]): Promise<Buffer> {
  const cells = rows.map((row) =>
    names.map((name) => {
      const value = row[name] ?? null;
      return typeof value === 'string' ? `'${value}'` : String(value);
    }),
  );
  const tuples = cells.map((each) => `(${each.join(', ')})`).join(', ');
  return parquetOf(
    `SELECT CAST(size AS DOUBLE) AS size, age, flag, colour, note FROM (VALUES ${tuples}) AS t(${names.join(', ')})`,
  );
}

describe('countLocalFile', () => {
  const rows = drawRows(500, 1);
  const later = drawRows(400, 2);

  it.each([
    ['rows.parquet', asParquet],
    ['rows.csv', asCsv],
    ['rows.jsonl', asJsonLines],
  ])('counts %s as traffic is counted, on bins of its own and on given ones', async (name, format) => {
    const reference = await countLocalFile(written(name, await format(rows)), features, {});
    expect(reference).toEqual({ rows: 500, broken: 0, unreadable: {}, profiles: profilesOf(rows) });
    const frozen = reference.profiles;
    const current = await countLocalFile(written(name, await format(later)), features, { frozen });
    const base = { features: frozen } as DatasetProfile;
    expect(current).toMatchObject({ rows: 400, profiles: profilesOf(later, base) });
  });

  it('tells of cells that are no value of their column, and of rows that are none', async () => {
    const text = 'size,age,flag,colour,note\n1,2,true,red,x\nbig,2.5,maybe,red,x\n1,2\n,,,,\n';
    const found = await countLocalFile(written('bad.csv', text), features, {});
    expect(found).toMatchObject({ rows: 3, broken: 1, unreadable: { size: 1, age: 1, flag: 1 } });
    expect(found.profiles.size).toMatchObject({ count: 1, missing: 2 });
  });

  it('counts infinities at the ends, and NaN as missing', async () => {
    const query = `SELECT CAST(v AS DOUBLE) AS size FROM (VALUES ('1'), ('2'), ('inf'), ('-inf'), ('nan')) AS t(v)`;
    const size = features.slice(0, 1);
    const path = written('infinite.parquet', await parquetOf(query));
    const frozen: Record<string, ColumnProfile> = {
      size: {
        ...{
          type: 'numeric',
          count: 2,
          missing: 0,
          mean: null,
          standardDeviation: null,
          min: null,
          max: null,
        },
        edges: [1, 2],
        counts: [1, 1, 0],
      },
    };
    const { profiles } = await countLocalFile(path, size, { frozen });
    expect(profiles.size).toMatchObject({ count: 4, missing: 1, counts: [2, 1, 1] });
  });

  it('follows a link', async () => {
    const link = join(folder, 'link.csv');
    symlinkSync(written('linked.csv', asCsv(rows)), link);
    expect(await countLocalFile(link, features, {})).toMatchObject({ rows: 500 });
  });

  it('tells how far it is, up to the end', async () => {
    const shares: number[] = [];
    const onProgress = (share: number) => shares.push(share);
    await countLocalFile(written('told.csv', asCsv(rows)), features, { onProgress });
    expect(shares).toEqual(shares.toSorted((a, b) => a - b));
    expect(shares.at(-1)).toBe(1);
  });

  it.each([
    ['absent.csv', undefined, /is not there/],
    ['rows.txt', 'x', /does not end as it should; use one of .csv/],
    ['empty.jsonl', '', /the file is empty/],
    ['torn.parquet', 'PAR1 and no more', /the Parquet file cannot be read/],
    ['other.csv', 'a,b\n1,2\n', /cannot be read: .*"size".* are missing/],
  ])('refuses %s', async (name, text, message) => {
    const path = text === undefined ? join(folder, name) : written(name, text);
    const strict = features.map((column) => ({ ...column, mayBeAbsent: false }));
    await expect(countLocalFile(path, strict, {})).rejects.toMatchObject({
      code: 'file-unreadable',
      message: expect.stringMatching(message),
    });
  });
});
