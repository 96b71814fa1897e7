import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import type { ModelDefinition } from '../model/definition.ts';
import { columnsOf, dataColumns } from './columns.ts';
import { quoteName, quoteText, select, type Workspace } from './database.duckdb.ts';
import { drawJudged, numberedRows } from './judged-rows.duckdb.ts';

/** 64 bits of a row's features and target. Numbers are told by their value, whatever type a definition gave them. */
function rowHash(definition: ModelDefinition): string {
  const cells = dataColumns(columnsOf(definition)).map(({ name, type }) => {
    const isText = type === 'category' || type === 'text';
    return `CAST(${quoteName(name)} AS ${isText ? 'VARCHAR' : 'DOUBLE'})`;
  });
  return `hash(${cells.join(', ')})`;
}

/**
 * Which of the judged rows of a test.parquet are in none of the train files, by features and target together: their
 * indexes among the judged rows, in the order of the file.
 *
 * @param trains Each writes one train.parquet to a path, so that only one is held at a time; each must have the columns of
 *   the definition.
 */
export async function unseenRows(
  workspace: Workspace,
  test: string,
  trains: readonly ((path: string) => Promise<void>)[],
  definition: ModelDefinition,
  mostCells: number,
): Promise<number[]> {
  const { connection, folder } = workspace;
  const hashed = rowHash(definition);
  const path = join(folder, 'train.parquet');
  await connection.run('CREATE TEMP TABLE seen (row UBIGINT)');
  for (const write of trains) {
    await write(path);
    await connection.run(`INSERT INTO seen SELECT DISTINCT ${hashed} FROM read_parquet(${quoteText(path)})`);
  }
  await rm(path, { force: true });
  await drawJudged(workspace, test, definition, mostCells);
  const { from, place } = numberedRows(test, definition);
  const found = await select(
    connection,
    `SELECT index FROM (
       SELECT row_number() OVER (ORDER BY ${place}) - 1 AS index, ${hashed} AS row
       FROM ${from} WHERE ${place} IN (SELECT place FROM judged))
     WHERE row NOT IN (SELECT row FROM seen) ORDER BY index`,
    z.object({ index: z.int() }),
  );
  return found.map(({ index }) => index);
}
