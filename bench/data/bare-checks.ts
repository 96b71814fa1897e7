import { DuckDBInstance } from '@duckdb/node-api';
import { rejected, rowsOf, sums, tellCounts } from './bare-rules.ts';

/*
 * The checks in one SQL query on DuckDB, with every core, and nothing around it: what is missing, of another type, out of
 * range, of no category or no row at all, counted.
 *
 *     node bench/data/bare-checks.ts <file>
 */

const [file = ''] = process.argv.slice(2);
const connection = await (await DuckDBInstance.create()).connect();
const first = async (sql: string) => (await connection.runAndReadAll(sql)).getRowObjectsJS()[0] ?? {};
tellCounts(await first(`SELECT ${sums} FROM ${rowsOf(file)}`), await first(rejected));
