import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { DuckDBInstance } from '@duckdb/node-api';

/* Reference and current of the suite: 12 numbers, 4 whole numbers and 4 categories, of which six columns differ. */

export const numbers = Array.from({ length: 12 }, (_, i) => `n${i}`);
export const integers = Array.from({ length: 4 }, (_, i) => `i${i}`);
export const categories = Array.from({ length: 4 }, (_, i) => `c${i}`);
const names = ['red', 'green', 'blue', 'grey', 'pink'];

/** What differs in the current file, each in a column of its own. */
export const planted: Record<string, string> = {
  n0: 'mean + 0.5 sd',
  n1: 'spread × 1.5',
  n2: 'missing 2 % to 7 %',
  i0: 'whole numbers, mean + 0.5 sd',
  c0: 'a category 10 % to 20 %',
  c1: 'missing none to 5 %',
};

const normal = 'sqrt(-2 * ln(1 - random())) * cos(2 * pi() * random())';
const withGaps = (share: number, value: string) =>
  share === 0 ? value : `CASE WHEN random() >= ${share} THEN ${value} END`;

function numberSql(place: number, isCurrent: boolean): string {
  if (place === 0) return isCurrent ? `${normal} + 0.5` : normal;
  if (place === 1) return isCurrent ? `1.5 * ${normal}` : normal;
  if (place === 2) return withGaps(isCurrent ? 0.07 : 0.02, normal);
  if (place === 3) return withGaps(0.05, normal);
  return place < 6 ? `exp(${normal})` : normal;
}

const integerSql = (place: number, isCurrent: boolean) =>
  `CAST(round(100 + 20 * (${normal}${place === 0 && isCurrent ? ' + 0.5' : ''})) AS INTEGER)`;

function categorySql(place: number, isCurrent: boolean): string {
  const shares = place === 0 && isCurrent ? [0.2, 0.25, 0.2, 0.15, 0.2] : [0.3, 0.25, 0.2, 0.15, 0.1];
  let below = 0;
  const whens = shares.slice(0, -1).map((share, at) => {
    below += share;
    return `WHEN u${place} < ${below.toFixed(2)} THEN '${names[at]}'`;
  });
  const drawn = `CASE ${whens.join(' ')} ELSE '${names.at(-1)}' END`;
  return withGaps(place === 1 && isCurrent ? 0.05 : 0, drawn);
}

/** Writes the two files, the same for a number of rows, and a model folder that describes them. */
export async function makeFiles(
  folder: string,
  rows: number,
): Promise<Record<'reference' | 'current' | 'models', string>> {
  // One thread draws in one order.
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' });
  const connection = await instance.connect();
  const paths = { reference: join(folder, 'reference.parquet'), current: join(folder, 'current.parquet') };
  for (const [side, path] of Object.entries(paths)) {
    const isCurrent = side === 'current';
    await connection.run(`SELECT setseed(${isCurrent ? 0.25 : 0.75})`);
    const drawn = [
      ...numbers.map((name, place) => `${numberSql(place, isCurrent)} AS ${name}`),
      ...integers.map((name, place) => `${integerSql(place, isCurrent)} AS ${name}`),
      ...categories.map((_, place) => `random() AS u${place}`),
    ];
    const picked = categories.map((name, place) => `${categorySql(place, isCurrent)} AS ${name}`);
    await connection.run(
      `COPY (SELECT ${[...numbers, ...integers, ...picked].join(', ')} FROM (SELECT ${drawn.join(', ')} FROM range(${rows})))
       TO '${path}' (FORMAT parquet)`,
    );
  }
  connection.closeSync();
  instance.closeSync();
  return { ...paths, models: writeModel(folder) };
}

function writeModel(folder: string): string {
  const models = join(folder, 'models');
  mkdirSync(join(models, 'bench'), { recursive: true });
  const feature = (names: string[], rest: object) =>
    names.map((name) => [name, { ...rest, mayBeMissing: true }]);
  const definition = {
    name: 'bench',
    task: 'classification',
    features: Object.fromEntries([
      ...feature(numbers, { type: 'number' }),
      ...feature(integers, { type: 'integer' }),
      ...feature(categories, { type: 'category', categories: names }),
    ]),
    target: { name: 'y', type: 'category', categories: ['yes', 'no'] },
    train: {},
  };
  const define = pathToFileURL(join(import.meta.dirname, '../../lib/model/definition.ts')).href;
  writeFileSync(
    join(models, 'bench', 'model.ts'),
    `import { defineModel } from '${define}';\n\nexport default defineModel(${JSON.stringify(definition)});\n`,
  );
  return models;
}
