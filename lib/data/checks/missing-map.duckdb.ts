import type { DuckDBConnection } from '@duckdb/node-api';
import * as z from 'zod';
import { isMissingSql } from '../check.duckdb.ts';
import { type Column, dataColumns } from '../columns.ts';
import { select } from '../database.duckdb.ts';
import type { DatasetReport } from '../dataset.ts';

const parts = 40;

/** Where in the table `checked` cells are missing: one scan, for columns that miss any. */
export async function mapMissing(
  connection: DuckDBConnection,
  columns: readonly Column[],
  missing: ReadonlyMap<string, number>,
  rows: number,
): Promise<DatasetReport['missingMap']> {
  const some = dataColumns(columns).filter(({ name }) => (missing.get(name) ?? 0) > 0);
  if (some.length === 0) return null;
  const many = Math.min(parts, rows);
  const counts = some.map((column, place) => {
    const at = columns.indexOf(column);
    return `(count(*) FILTER ${isMissingSql(at)} / count(*))::DOUBLE AS m${place}`;
  });
  const found = await select(
    connection,
    `SELECT ${counts.join(', ')} FROM (SELECT *, (row_number() OVER () - 1) * ${many} // ${rows} AS part FROM checked) GROUP BY part ORDER BY part`,
    z.record(z.string(), z.number()),
  );
  return {
    parts: found.length,
    shares: Object.fromEntries(
      some.map(({ name }, place) => [name, found.map((part) => Number((part[`m${place}`] ?? 0).toFixed(4)))]),
    ),
  };
}
