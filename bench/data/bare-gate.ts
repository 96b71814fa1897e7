import { rmSync } from 'node:fs';
import { DuckDBInstance } from '@duckdb/node-api';
import {
  all,
  categories,
  integers,
  numbers,
  rejected,
  rowsOf,
  rules,
  sums,
  target,
  tellCounts,
} from './bare-rules.ts';

/*
 * What a gate does, in plain SQL on DuckDB with every core: defects counted, good rows typed and kept, copies, sides by a
 * hash of the row, personal data, moments, deciles, bins by side and class, categories, two Parquet files. It knows no
 * reason of a bad row, no cell that a cast takes wrongly, no limit of memory, and writes no report.
 *
 *     node bench/data/bare-gate.ts <file>
 */

const [file = ''] = process.argv.slice(2);
const connection = await (await DuckDBInstance.create()).connect();
const first = async (sql: string) => (await connection.runAndReadAll(sql)).getRowObjectsJS()[0] ?? {};

await connection.run(`CREATE TEMP TABLE read AS SELECT * FROM ${rowsOf(file)}`);
const counts = await first(`SELECT ${sums} FROM read`);
const typed = [
  ...numbers.map((name) => `TRY_CAST(${name} AS DOUBLE) AS ${name}`),
  ...integers.map((name) => `TRY_CAST(${name} AS BIGINT) AS ${name}`),
  ...categories,
  target,
];
const isBad = Object.values(rules)
  .flat()
  .map((condition) => `coalesce(${condition}, false)`);
await connection.run(
  `CREATE TEMP TABLE good AS SELECT *, sha256(concat_ws('|', ${all.join(', ')})) < '3333333333333' AS held
   FROM (SELECT ${typed.join(', ')} FROM read WHERE NOT (${isBad.join(' OR ')}))`,
);
const measured = [...numbers, ...integers];
await first(`SELECT count(DISTINCT hash(${all.join(', ')})) FROM good`);
const personal = ['^[^@ ]+@[^@ ]+\\.[a-z]+$', '^\\+?[0-9 ()-]{7,}$', '^[0-9]{1,3}(\\.[0-9]{1,3}){3}$'];
await first(
  `SELECT ${[...categories, target].flatMap((name) => personal.map((pattern) => `count(*) FILTER (regexp_matches(${name}, '${pattern}'))`)).join(', ')} FROM good`,
);
await first(
  `SELECT ${measured.map((name) => `count(${name}), avg(${name}), stddev_samp(${name}), min(${name}), max(${name})`).join(', ')} FROM good WHERE NOT held`,
);
const deciles = await first(
  `SELECT ${measured.map((name) => `quantile_disc(${name}, [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9])::DOUBLE[] AS ${name}`).join(', ')} FROM good WHERE NOT held`,
);
const bins = measured.map((name) => {
  const edges = [...new Set(deciles[name] as number[])].map((edge) => edge.toExponential());
  return `histogram(CAST(${name} AS DOUBLE), [${edges.join(', ')}])`;
});
await connection.runAndReadAll(`SELECT held, ${target}, ${bins.join(', ')} FROM good GROUP BY ALL`);
for (const name of [...categories, target]) {
  await connection.runAndReadAll(`SELECT held, ${target}, ${name}, count(*) FROM good GROUP BY ALL`);
}
for (const held of [false, true]) {
  const path = `${file}.${held ? 'test' : 'train'}.parquet`;
  await connection.run(
    `COPY (SELECT ${all.join(', ')} FROM good WHERE held = ${held}) TO '${path}' (FORMAT parquet, COMPRESSION zstd)`,
  );
  rmSync(path);
}
tellCounts(counts, await first(rejected));
