import { DuckDBInstance } from '@duckdb/node-api';
import { categories, integers, numbers } from './make-files.ts';

/*
 * The population stability index of every column in SQL and nothing else: deciles of the reference, then both files
 * counted into them, each in one scan over all columns. A column is named from 0.1 on; missing values are not seen.
 *
 *     node bench/drift/bare-psi.ts <reference> <current>
 */

const [reference = '', current = ''] = process.argv.slice(2);
const instance = await DuckDBInstance.create(':memory:');
const connection = await instance.connect();
const all = [...numbers, ...integers];
const rowOf = async (sql: string) => (await connection.runAndReadAll(sql)).getRowObjectsJS();

const tenths = '[0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]';
const [deciles = {}] = await rowOf(
  `SELECT ${all.map((name) => `quantile_disc(${name}, ${tenths}) AS ${name}`).join(', ')} FROM read_parquet('${reference}')`,
);
const edgesOf = (name: string) => [...new Set((deciles[name] as number[]).map(Number))];
for (const [table, file] of [
  ['before', reference],
  ['after', current],
]) {
  const counted = all.map(
    (name) =>
      `map_values(histogram(CAST(${name} AS DOUBLE), [${[...edgesOf(name).map((edge) => edge.toExponential()), `'infinity'::DOUBLE`].join(', ')}])) AS ${name}`,
  );
  const grouped = categories.map((name) => `map_values(histogram(${name})) AS ${name}`);
  await connection.run(
    `CREATE TEMP TABLE ${table} AS SELECT ${[...counted, ...grouped].join(', ')} FROM read_parquet('${file}')`,
  );
}
const shares = (name: string) =>
  `SELECT unnest(b.${name}) / list_sum(b.${name}) AS p, unnest(a.${name}) / list_sum(a.${name}) AS q FROM before b, after a`;
const found = await rowOf(
  [...all, ...categories]
    .map((name) => `SELECT '${name}' AS name, sum((q - p) * ln(q / p)) AS psi FROM (${shares(name)})`)
    .join(' UNION ALL '),
);
const named = found.filter(({ psi }) => Number(psi) >= 0.1).map(({ name }) => name);
process.stdout.write(`${JSON.stringify({ named })}\n`);
