import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { quoteText, select, withWorkspace } from '../../data/database.duckdb.ts';
import { digestFile, type LocalFile } from '../../shared/local-file.store.ts';

export interface PartsToJoin {
  /** How many there are. */
  parts: number;
  read(n: number): Promise<Uint8Array>;
  /** Takes the joined file while it is there. */
  keep(file: LocalFile): Promise<void>;
}

/** What the joined file holds. */
export interface JoinedParts {
  rows: number;
  refused: number;
  refusedFirst: { row: number; error: string }[];
  sha256: string;
  bytes: number;
}

const keptRefused = 20;

/**
 * Joins the answers to all parts into one Parquet file, in the order of the rows.
 *
 * @param memory As DuckDB writes sizes.
 */
export async function joinParts(memory: string, { parts, read, keep }: PartsToJoin): Promise<JoinedParts> {
  return withWorkspace(memory, async ({ connection, folder }) => {
    const paths: string[] = [];
    for (let n = 0; n < parts; n++) {
      const path = join(folder, `${String(n).padStart(5, '0')}.parquet`);
      await writeFile(path, await read(n));
      paths.push(path);
    }
    const joined = join(folder, 'result.parquet');
    // Files are read in the order of the list, and rows in that of the file.
    await connection.run(
      `COPY (FROM read_parquet([${paths.map(quoteText).join(', ')}])) TO ${quoteText(joined)} (FORMAT parquet, COMPRESSION zstd)`,
    );
    const [counted] = await select(
      connection,
      `SELECT count(*) AS rows, count(error) AS refused FROM read_parquet(${quoteText(joined)})`,
      z.object({ rows: z.number(), refused: z.number() }),
    );
    const refusedFirst = await select(
      connection,
      `SELECT row, error FROM read_parquet(${quoteText(joined)}) WHERE error IS NOT NULL ORDER BY row LIMIT ${keptRefused}`,
      z.object({ row: z.number(), error: z.string() }),
    );
    const file = await digestFile(joined);
    await keep(file);
    const { sha256, bytes } = file;
    return { rows: counted?.rows ?? 0, refused: counted?.refused ?? 0, refusedFirst, sha256, bytes };
  });
}
