import type { DuckDBConnection } from '@duckdb/node-api';
import * as z from 'zod';
import { quoteText, select } from '../database.duckdb.ts';

/** Names and types of the columns, in their order. */
export async function describeParquet(connection: DuckDBConnection, path: string): Promise<string[]> {
  const columns = await select(
    connection,
    `DESCRIBE SELECT * FROM read_parquet(${quoteText(path)})`,
    z.object({ column_name: z.string(), column_type: z.string() }),
  );
  return columns.map(({ column_name, column_type }) => `${column_name} ${column_type}`);
}

/** Writes the rows of files with the same columns into one, file after file. */
export async function joinParquet(
  connection: DuckDBConnection,
  paths: readonly string[],
  to: string,
): Promise<void> {
  await connection.run(
    `COPY (SELECT * FROM read_parquet([${paths.map(quoteText).join(', ')}])) TO ${quoteText(to)} (FORMAT parquet)`,
  );
}
