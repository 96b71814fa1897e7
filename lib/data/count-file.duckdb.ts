import { realpath } from 'node:fs/promises';
import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import * as z from 'zod';
import type { RecognisedFormat } from '../model/source-format.ts';
import { messageOf } from '../shared/errors.ts';
import { type CellSql, sqlTypes } from './cell-sql.ts';
import { coarserSql } from './check.duckdb.ts';
import type { Column } from './columns.ts';
import { countColumns } from './count-columns.duckdb.ts';
import type { Unreadable } from './csv-scanner.ts';
import { select, type Workspace } from './database.duckdb.ts';
import type { ColumnProfile } from './dataset.ts';
import { parquetTable, stagedTable } from './source.duckdb.ts';
import { type StageLimits, stageFile } from './stage-file.ts';

/** A file counted into bins. */
export interface CountedFile {
  rows: number;
  /** Rows that could not be cut into cells; they are not in `rows`. */
  broken: number;
  /** Cells that are no value of their column's type; they are counted as missing. */
  unreadable: Record<string, number>;
  profiles: Record<string, ColumnProfile>;
}

/** What a file is counted by. */
export interface Counting {
  limits: StageLimits;
  /** Profiles whose bins are used; without them a file gets bins of its own. */
  frozen?: Readonly<Record<string, ColumnProfile>>;
  onProgress?: (share: number) => void;
}

/**
 * Counts columns of a file with the rules of profile.ts, whatever its values are: what breaks a range or a category is
 * counted like any other value, for that it came is what is to be seen.
 *
 * A Parquet file is read as it lies there, its columns once for bins that are given and twice for bins of its own.
 *
 * @returns Why it cannot be read as a table with these columns, when it cannot.
 */
export async function countFile(
  workspace: Workspace,
  file: string,
  { format, isGzip }: RecognisedFormat,
  columns: readonly Column[],
  { limits, frozen, onProgress = () => {} }: Counting,
): Promise<CountedFile | Unreadable> {
  const { connection, folder } = workspace;
  const path = await realpath(file);
  if (format === 'parquet') {
    return readingParquet(path, async () => {
      const source = await parquetTable(connection, path, columns, limits);
      if ('message' in source) return source;
      const from = `(SELECT ${valuesSql(columns, source.cells, false)} FROM ${source.from})`;
      const counted = await countColumns(connection, from, columns, frozen, onProgress);
      return { ...counted, broken: 0, unreadable: {} };
    });
  }
  const onRead = (share: number) => onProgress(share / 2);
  const staged = await stageFile(
    path,
    join(folder, 'staged.csv'),
    { format, isGzip },
    columns,
    limits,
    onRead,
  );
  if (staged.failure) return staged.failure;
  const source = stagedTable(staged, columns, limits.maxLineBytes);
  // Reading text takes longer than counting: it is done once.
  await connection.run(
    `CREATE OR REPLACE TEMP TABLE counted AS SELECT ${valuesSql(columns, source.cells, true)} FROM ${source.from}`,
  );
  const unreadable = await countUnreadable(connection, columns);
  const counted = await countColumns(connection, 'counted', columns, frozen, (share) =>
    onProgress(0.5 + share / 2),
  );
  return { ...counted, broken: staged.broken.count, unreadable };
}

/** The value of each column as v0, v1, … and, if asked, whether a cell that has none holds something else. */
function valuesSql(columns: readonly Column[], cells: readonly CellSql[], withUnreadable: boolean): string {
  return columns
    .flatMap(({ type, width }, place) => {
      const { value = 'NULL', rule = () => 'NULL' } = cells[place] ?? {};
      const typed = `CAST(${coarserSql(value, width)} AS ${sqlTypes[type]}) AS v${place}`;
      return withUnreadable
        ? [typed, `(${value}) IS NULL AND (${rule(`(${value})`)}) IN ('mistyped', 'type') AS u${place}`]
        : [typed];
    })
    .join(', ');
}

async function countUnreadable(
  connection: DuckDBConnection,
  columns: readonly Column[],
): Promise<Record<string, number>> {
  const counts = columns.map((_, place) => `count_if(u${place}) AS u${place}`);
  const [found] = await select(
    connection,
    `SELECT ${counts.join(', ')} FROM counted`,
    z.record(z.string(), z.number()),
  );
  const all = columns.map(({ name }, place) => [name, found?.[`u${place}`] ?? 0] as const);
  return Object.fromEntries(all.filter(([, count]) => count > 0));
}

async function readingParquet(
  path: string,
  read: () => Promise<CountedFile | Unreadable>,
): Promise<CountedFile | Unreadable> {
  try {
    return await read();
  } catch (thrown) {
    const message = messageOf(thrown);
    if (/out of memory|no space left|internal error/i.test(message)) throw thrown;
    const [first = ''] = message.split('\n');
    return { line: 0, message: `the Parquet file cannot be read (${first.replaceAll(path, 'the file')})` };
  }
}
