import * as z from 'zod';
import type { ModelDefinition } from '../model/definition.ts';
import { columnsOf, dataColumns } from './columns.ts';
import { quoteName, quoteText, select, type Workspace } from './database.duckdb.ts';
import type { Row } from './dataset.ts';
import { readingRows, selectRows } from './parquet-rows.duckdb.ts';

/** Rows are objects of JavaScript when they are judged: ten million cells take a gigabyte of the three that a function has. */
export const mostJudgedCells = 10_000_000;

/** The rows that versions are judged by, and how many there are in all. */
export interface JudgedRows {
  rows: Row[];
  heldOut: number;
}

/** The rows of a file of a dataset, each with its place from 0 in a column that no feature is called like. */
export function numberedRows(path: string, definition: ModelDefinition): { from: string; place: string } {
  const taken = dataColumns(columnsOf(definition)).map(({ name }) => name.toLowerCase());
  let name = 'place';
  while (taken.includes(name)) name += '_';
  const place = quoteName(name);
  return {
    from: `(SELECT *, row_number() OVER () - 1 AS ${place} FROM read_parquet(${quoteText(path)}))`,
    place,
  };
}

/**
 * Draws the rows of a test.parquet that versions are judged by into the table `judged`, by their `place` in the file: all
 * of them, or as many as fit.
 *
 * Rows come in the order of a hash of what is in them, and of equal rows of which one it is: the same rows are drawn
 * whatever their order in the file, and a row that stands there often is drawn in proportion. No row is in memory but for
 * two numbers, which go to the disk when they are many.
 *
 * @returns How many rows the file has.
 */
export async function drawJudged(
  { connection }: Pick<Workspace, 'connection'>,
  path: string,
  definition: ModelDefinition,
  mostCells: number,
): Promise<number> {
  const columns = dataColumns(columnsOf(definition));
  const { from, place } = numberedRows(path, definition);
  const [counted] = await select(
    connection,
    `SELECT count(*) AS rows FROM ${from}`,
    z.object({ rows: z.number() }),
  );
  const heldOut = counted?.rows ?? 0;
  const most = Math.max(1, Math.floor(mostCells / columns.length));
  if (heldOut <= most) {
    await connection.run(`CREATE TEMP TABLE judged AS SELECT ${place} AS place FROM ${from}`);
    return heldOut;
  }
  const cells = columns.map(({ name }) => {
    const text = `CAST(${quoteName(name)} AS VARCHAR)`;
    return `coalesce(concat(strlen(${text}), ':', ${text}), '-')`;
  });
  // MD5, since a hash of the database may be another one in its next release.
  await connection.run(
    `CREATE TEMP TABLE hashed AS
     SELECT ${place} AS place, md5_number_lower(concat_ws('|', ${cells.join(', ')})) AS content FROM ${from};
     CREATE TEMP TABLE judged AS SELECT place FROM (
       SELECT place, content, row_number() OVER (PARTITION BY content ORDER BY place) AS copy FROM hashed)
     ORDER BY md5_number_lower(concat_ws(':', content, copy)), place LIMIT ${most};
     DROP TABLE hashed`,
  );
  return heldOut;
}

/**
 * The rows of a test.parquet that versions are judged by, in the order of the file.
 *
 * @throws EvergreenError `artifact-damaged` when it is not a file that validation wrote for this definition.
 */
export async function readJudgedRows(
  workspace: Workspace,
  path: string,
  definition: ModelDefinition,
  mostCells: number,
): Promise<JudgedRows> {
  return readingRows(path, definition, async () => {
    const heldOut = await drawJudged(workspace, path, definition, mostCells);
    const { from, place } = numberedRows(path, definition);
    const rows = await selectRows(
      workspace.connection,
      `${from} WHERE ${place} IN (SELECT place FROM judged) ORDER BY ${place}`,
      definition,
    );
    return { rows, heldOut };
  });
}
