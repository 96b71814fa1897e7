import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { quoteText, select, withWorkspace } from '../../data/database.duckdb.ts';

export interface PartsToJoin {
  /** How many there are. */
  parts: number;
  read(n: number): Promise<Uint8Array>;
  /** Takes the joined file while it is there. */
  keep(path: string, file: { sha256: string; bytes: number }): Promise<void>;
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
    const file = { sha256: await digestFile(joined), bytes: (await stat(joined)).size };
    await keep(joined, file);
    return { rows: counted?.rows ?? 0, refused: counted?.refused ?? 0, refusedFirst, ...file };
  });
}

async function digestFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  return hash.digest('hex');
}
