import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import type { ModelDefinition } from '../model/definition.ts';
import { columnsOf, dataColumns } from './columns.ts';
import { quoteName, quoteText, select, withWorkspace } from './database.duckdb.ts';

const memoryLimit = '1GB';

/** 64 bits of a row's features and target. Numbers are told by their value, whatever type a definition gave them. */
function rowHash(definition: ModelDefinition): string {
  const cells = dataColumns(columnsOf(definition)).map(({ name, type }) => {
    const isText = type === 'category' || type === 'text';
    return `CAST(${quoteName(name)} AS ${isText ? 'VARCHAR' : 'DOUBLE'})`;
  });
  return `hash(${cells.join(', ')})`;
}

/**
 * Places of the rows of a test.parquet that are in none of the train files, by features and target together.
 *
 * @param trains Reads one train.parquet after the other, so that only one is held at a time; each must have the
 *   columns of the definition.
 */
export async function unseenRows(
  test: Uint8Array,
  trains: readonly (() => Promise<Uint8Array>)[],
  definition: ModelDefinition,
): Promise<number[]> {
  const hashed = rowHash(definition);
  return withWorkspace(memoryLimit, async ({ connection, folder }) => {
    const path = join(folder, 'rows.parquet');
    await connection.run('CREATE TEMP TABLE seen (row UBIGINT)');
    for (const read of trains) {
      await writeFile(path, await read());
      await connection.run(
        `INSERT INTO seen SELECT DISTINCT ${hashed} FROM read_parquet(${quoteText(path)})`,
      );
    }
    await writeFile(path, test);
    const found = await select(
      connection,
      `SELECT file_row_number AS place FROM read_parquet(${quoteText(path)}, file_row_number = true)
       WHERE ${hashed} NOT IN (SELECT row FROM seen) ORDER BY place`,
      z.object({ place: z.int() }),
    );
    return found.map(({ place }) => place);
  });
}
