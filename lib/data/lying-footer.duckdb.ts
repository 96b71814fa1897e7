import type { DuckDBConnection } from '@duckdb/node-api';
import * as z from 'zod';
import type { Column } from './columns.ts';
import { quoteText, select } from './database.duckdb.ts';
import { findLyingChunk } from './parquet-pages.ts';

/** What the footer says of the columns that are read, held against the pages; null when they agree. */
export async function lyingFooter(
  connection: DuckDBConnection,
  path: string,
  columns: readonly Column[],
  rows: number,
): Promise<string | null> {
  const chunks = await select(
    connection,
    `SELECT row_group_id AS part, row_group_num_rows AS rows, path_in_schema AS name, num_values AS values,
            dictionary_page_offset AS dictionary, data_page_offset AS data, total_compressed_size AS bytes
     FROM parquet_metadata(${quoteText(path)})`,
    z.object({
      part: z.number(),
      rows: z.number(),
      name: z.string(),
      values: z.number(),
      dictionary: z.number().nullable(),
      data: z.number(),
      bytes: z.number(),
    }),
  );
  const parts = new Map(chunks.map((chunk) => [chunk.part, chunk.rows]));
  const together = [...parts.values()].reduce((sum, each) => sum + each, 0);
  if (together !== rows && chunks.length > 0) {
    return `its footer says that it has ${rows} rows, and its parts ${together}`;
  }
  const read = new Set(columns.map(({ name }) => name));
  const asked = chunks.filter(({ name }) => read.has(name));
  const uneven = asked.find((chunk) => chunk.values !== chunk.rows);
  if (uneven) return `column ${uneven.name} has ${uneven.values} values in ${uneven.rows} rows`;
  return findLyingChunk(
    path,
    asked.map(({ name, values, dictionary, data, bytes }) => ({
      column: name,
      start: dictionary === null || dictionary === 0 ? data : Math.min(dictionary, data),
      bytes,
      values,
    })),
  );
}
