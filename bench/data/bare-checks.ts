import { DuckDBInstance } from '@duckdb/node-api';

/*
 * The checks in one SQL query on DuckDB, with every core, and nothing around it: what is missing, of another type, out of
 * range, of no category or no row at all, counted.
 *
 *     node bench/data/bare-checks.ts <file>
 */

const [file = ''] = process.argv.slice(2);
const named = (letter: string, count: number) => Array.from({ length: count }, (_, i) => `${letter}${i}`);
const [numbers, integers, categories] = [named('n', 12), named('i', 4), named('c', 3)];
const all = [...numbers, ...integers, ...categories, 'y'];
const count = (condition: string) => `count(*) FILTER (${condition})`;
const isNotType = (name: string, type: string) =>
  `${name} IS NOT NULL AND TRY_CAST(${name} AS ${type}) IS NULL`;
const isOutside = (name: string, type: string, from: number, to: number) =>
  `TRY_CAST(${name} AS ${type}) NOT BETWEEN ${from} AND ${to}`;
const rules = {
  missing: all.map((name) => count(`${name} IS NULL`)),
  type: [
    ...numbers.map((name) => count(isNotType(name, 'DOUBLE'))),
    ...integers.map((name) => count(isNotType(name, 'BIGINT'))),
  ],
  range: [
    ...numbers.map((name) => count(isOutside(name, 'DOUBLE', -10, 10))),
    ...integers.map((name) => count(isOutside(name, 'BIGINT', 0, 1000))),
  ],
  category: [
    ...categories.map((name) => count(`${name} NOT IN ('red', 'green', 'blue')`)),
    count(`y NOT IN ('yes', 'no')`),
  ],
};

const connection = await (await DuckDBInstance.create()).connect();
const types = all.map((name) => `'${name}': 'VARCHAR'`).join(', ');
const sums = Object.entries(rules).map(([rule, counts]) => `${counts.join(' + ')} AS ${rule}`);
const counted = await connection.runAndReadAll(
  `SELECT ${sums.join(', ')} FROM read_csv('${file}', auto_detect = false, header = true, columns = {${types}},
     delim = ',', quote = '"', escape = '"', nullstr = '', store_rejects = true)`,
);
const rejected = await connection.runAndReadAll('SELECT count(DISTINCT line) AS shape FROM reject_errors');
const found = Object.assign({}, ...[counted, rejected].map((reader) => reader.getRowObjectsJS()[0]));
const counts = Object.fromEntries(Object.entries(found).map(([rule, many]) => [rule, Number(many)]));
process.stdout.write(`${JSON.stringify({ counts })}\n`);
