import { join } from 'node:path';
import * as z from 'zod';
import type { ModelDefinition } from '../../model/definition.ts';
import type { RecognisedFormat } from '../../model/source-format.ts';
import { sqlTypes } from '../cell-sql.ts';
import { columnsOf } from '../columns.ts';
import { parameterTypes, quoteText, select, type Workspace, wholeText } from '../database.duckdb.ts';
import { type Row, row } from '../dataset.ts';
import { readTable } from '../examine.duckdb.ts';
import type { StageLimits } from '../stage-file.ts';
import { capturedFeatures } from './subject-column.ts';
import { writeWithoutLines } from './without-lines.ts';

/** Rows of a file to be erased. */
export interface SubjectRows {
  lines: number[];
  /**
   * Their features without personal data, as captures hold them; those that a row of somebody else has too are left
   * out, since nobody could tell whose a captured row is.
   */
  telling: Row[];
}

/** Which rows are meant: those of a subject, or those that equal telling rows of another file. */
export type Wanted = { column: string; subject: string } | { rows: readonly Row[] };

/**
 * Finds rows in a file. Afterwards the table `checked` is gone.
 *
 * @returns Why the file cannot be read, when it cannot.
 */
export async function findSubjectRows(
  workspace: Workspace,
  path: string,
  recognised: RecognisedFormat,
  definition: ModelDefinition,
  wanted: Wanted,
  limits: StageLimits,
): Promise<SubjectRows | { message: string }> {
  const columns = columnsOf(definition);
  const checked = await readTable(workspace, path, recognised, columns, limits);
  if ('message' in checked) return { message: checked.message };
  const { connection } = workspace;
  const placeOf = (name: string) => columns.findIndex((column) => column.name === name);
  const captured = capturedFeatures(definition).map((name) => ({ name, place: placeOf(name) }));
  try {
    if ('rows' in wanted) {
      // Typed as the columns are: 107 and 107.0 are one number.
      const typed = captured.map(
        ({ place }, at) => `CAST(cells->>${at} AS ${sqlTypes[columns[place]?.type ?? 'text']}) AS v${place}`,
      );
      await connection.run(
        `CREATE TEMP TABLE meant AS SELECT ${typed.join(', ')} FROM (SELECT unnest(CAST($1 AS JSON[])) AS cells)`,
        [JSON.stringify(wanted.rows.map((each) => captured.map(({ name }) => each[name] ?? null)))],
      );
      const isSame = captured.map(({ place }) => `meant.v${place} IS NOT DISTINCT FROM checked.v${place}`);
      await connection.run(
        `CREATE TEMP TABLE wanted AS SELECT * FROM checked WHERE EXISTS (SELECT 1 FROM meant WHERE ${isSame.join(' AND ')})`,
      );
    } else {
      const values = [wanted.subject];
      await connection.run(
        `CREATE TEMP TABLE wanted AS SELECT * FROM checked WHERE coalesce(CAST(v${placeOf(wanted.column)} AS VARCHAR) = $1, false)`,
        values,
        parameterTypes(values),
      );
    }
    const lines = await select(
      connection,
      'SELECT line FROM wanted ORDER BY line',
      z.object({ line: z.number() }),
    );
    const listed = captured.map(({ place }) => `v${place}`).join(', ');
    const shown = captured.map(({ place }, at) => {
      const isText = ['text', 'category'].includes(columns[place]?.type ?? '');
      return `${isText ? wholeText(`v${place}`) : `v${place}`} AS f${at}`;
    });
    const telling =
      captured.length === 0
        ? []
        : await select(
            connection,
            `SELECT ${shown.join(', ')} FROM (SELECT DISTINCT ${listed} FROM wanted
               EXCEPT SELECT ${listed} FROM checked WHERE line NOT IN (SELECT line FROM wanted))`,
            row,
          );
    return {
      lines: lines.map(({ line }) => line),
      telling: telling.map((each) =>
        Object.fromEntries(captured.map(({ name }, at) => [name, each[`f${at}`] ?? null])),
      ),
    };
  } finally {
    await connection.run(
      'DROP TABLE IF EXISTS wanted; DROP TABLE IF EXISTS meant; DROP TABLE IF EXISTS checked',
    );
  }
}

/** Writes the file anew without rows. @returns Its path, and how many rows went that could not be cut into cells. */
export async function rewriteWithout(
  { connection, folder }: Workspace,
  path: string,
  recognised: RecognisedFormat,
  lines: readonly number[],
  limits: StageLimits,
): Promise<{ path: string; broken: number }> {
  const to = join(folder, 'rewritten');
  if (recognised.format !== 'parquet') {
    const broken = await writeWithoutLines(path, to, recognised, new Set(lines), limits.maxLineBytes);
    return { path: to, broken };
  }
  await connection.run(
    `COPY (SELECT * EXCLUDE (file_row_number) FROM read_parquet(${quoteText(path)}, file_row_number = true)
       WHERE file_row_number + 1 NOT IN (${lines.map(Number).join(', ')}) ORDER BY file_row_number)
     TO ${quoteText(to)} (FORMAT parquet, COMPRESSION zstd)`,
  );
  return { path: to, broken: 0 };
}
