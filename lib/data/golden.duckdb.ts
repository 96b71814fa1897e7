import type { DuckDBConnection } from '@duckdb/node-api';
import * as z from 'zod';
import { sqlTypes } from './cell-sql.ts';
import type { Column } from './columns.ts';
import { select, wholeText } from './database.duckdb.ts';
import { cell, type Row } from './dataset.ts';
import { chooseGoldenRows, mostGoldenRows } from './golden-rows.ts';

/** Bands that stand for the range of a numeric target. */
const bands = 16;

/** Golden rows out of the test rows: features only, as a request carries them. */
export async function readGoldenRows(
  connection: DuckDBConnection,
  columns: readonly Column[],
): Promise<Row[]> {
  const features = columns
    .map((column, place) => ({ column, place }))
    .filter(({ column }) => column.role === 'feature');
  const target = columns.findIndex(({ role }) => role === 'target');
  const isCategory = columns[target]?.type === 'category';
  const group = isCategory
    ? `v${target}`
    : `CAST(ntile(${bands}) OVER (ORDER BY v${target}, place) AS VARCHAR)`;
  const isIncomplete = `list_contains([${features.map(({ place }) => `v${place} IS NULL`).join(', ')}], true)`;
  const values = features
    .map(({ column, place }) =>
      sqlTypes[column.type] === 'VARCHAR' ? `${wholeText(`v${place}`)} AS v${place}` : `v${place}`,
    )
    .join(', ');
  // Enough of each group, complete and not, for any choice that follows.
  const rows = await select(
    connection,
    `SELECT grp, ${values} FROM (SELECT *, ${group} AS grp, (${isIncomplete}) AS incomplete FROM placed WHERE side = 'test')
     QUALIFY row_number() OVER (PARTITION BY grp, incomplete ORDER BY place) <= ${mostGoldenRows} ORDER BY place`,
    z.record(z.string(), cell),
  );
  return chooseGoldenRows(
    rows.map((found) => ({
      group: String(found.grp),
      row: Object.fromEntries(features.map(({ column, place }) => [column.name, found[`v${place}`] ?? null])),
    })),
  );
}
