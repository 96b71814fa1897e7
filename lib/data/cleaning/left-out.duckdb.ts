import type { DuckDBConnection } from '@duckdb/node-api';
import { finiteSql } from '../check.duckdb.ts';
import type { Column } from '../columns.ts';
import { countColumns } from '../count-columns.duckdb.ts';
import { quoteText } from '../database.duckdb.ts';
import type { ColumnProfile } from '../dataset.ts';
import type { BinCounts } from '../profile-counts.ts';
import { countsIn } from './counts-before.ts';

/**
 * Gathers the rows that cleaning leaves out, for what a column was before it is the dataset and these: as a rule they are
 * few, and to count them takes no time.
 */
export interface LeftOut {
  /** @param from A table or query with the columns' values as v0, v1, … */
  add(from: string): Promise<void>;
  /** @param profiles Of the train rows: their bins and categories are used. */
  count(profiles: Readonly<Record<string, ColumnProfile>>): Promise<Map<string, BinCounts>>;
}

/** @param columns Whose values may be told. */
export async function gatherLeftOut(
  connection: DuckDBConnection,
  all: readonly Column[],
  columns: readonly Column[],
): Promise<LeftOut> {
  if (columns.length === 0) return { add: async () => {}, count: async () => new Map() };
  const values = columns.map((column, place) => `${countedSql(column, all.indexOf(column))} AS v${place}`);
  let isEmpty = true;
  return {
    async add(from) {
      const rows = `SELECT ${values.join(', ')} FROM ${from}`;
      await connection.run(
        isEmpty ? `CREATE TEMP TABLE left_out AS ${rows}` : `INSERT INTO left_out ${rows}`,
      );
      isEmpty = false;
    },
    async count(profiles) {
      if (isEmpty || Object.keys(profiles).length === 0) return new Map();
      const counted = await countColumns(connection, 'left_out', columns, profiles, () => {});
      await connection.run('DROP TABLE left_out');
      return new Map(
        Object.entries(counted.profiles).map(([name, profile]) => [
          name,
          { counts: countsIn(profile), missing: profile.missing },
        ]),
      );
    },
  };
}

/** A value that has a bin or a category; of what is no category there may be as many as rows. */
function countedSql({ type, categories }: Column, place: number): string {
  if (type === 'number' || type === 'integer') return finiteSql(place);
  if (type !== 'category') return `v${place}`;
  return `CASE WHEN v${place} IN (${categories.map(quoteText).join(', ')}) THEN v${place} END`;
}
