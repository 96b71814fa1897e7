import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BIGINT, DuckDBDataChunk, VARCHAR } from '@duckdb/node-api';
import type { Column } from '../../data/columns.ts';
import { quoteText, type Workspace, withWorkspace } from '../../data/database.duckdb.ts';
import { type CheckedFile, readTable } from '../../data/examine.duckdb.ts';
import { describeUnreadable } from '../../data/problem-message.ts';
import type { StageLimits } from '../../data/stage-file.ts';
import type { RecognisedFormat } from '../../model/source-format.ts';

/** Why a file is not answered. */
export interface Refusal {
  refusal: string;
}

export interface FileToCut {
  /** Puts the file at a path, or says why not. */
  download(path: string): Promise<Refusal | undefined>;
  recognised: RecognisedFormat;
  columns: readonly Column[];
  limits: StageLimits;
  rowsOfOnePart: number;
  /** Takes one part after the other, each a Parquet file of its own. */
  keep(n: number, bytes: Uint8Array, rows: number): Promise<void>;
}

/** A file that was cut. */
export interface CutFile {
  rows: number;
  ignoredColumns: string[];
}

/**
 * Cuts a file into parts of one number of rows.
 *
 * @param memory As DuckDB writes sizes.
 * @returns Why the file is refused, when it is; nothing was kept of it then.
 */
export async function cutFile(memory: string, file: FileToCut): Promise<CutFile | Refusal> {
  return withWorkspace(memory, async (workspace) => {
    const path = join(workspace.folder, 'input');
    const refused = await file.download(path);
    if (refused) return refused;
    const cut = await numberRows(workspace, path, file);
    if ('refusal' in cut) return cut;
    const { rowsOfOnePart } = file;
    for (let n = 0; n * rowsOfOnePart < cut.rows; n++) {
      const from = n * rowsOfOnePart;
      const to = Math.min(from + rowsOfOnePart, cut.rows);
      await file.keep(n, await readStretch(workspace, from, to), to - from);
    }
    return cut;
  });
}

const chunkRows = 2048;

/**
 * Reads a file and numbers its rows in the table `numbered`, those that fit and those that do not.
 *
 * Its columns are row (from 0), line, v0 … by the place of each column, and of a row that does not fit the rules it
 * breaks with the texts of its cells (`rules`, `shown`), or why it could not be cut into cells (`fault`).
 */
async function numberRows(
  workspace: Workspace,
  path: string,
  { recognised, columns, limits }: FileToCut,
): Promise<CutFile | Refusal> {
  const file = await readTable(workspace, path, recognised, columns, limits);
  if ('message' in file) return { refusal: describeUnreadable(file).message };
  const { broken, rows, source } = file;
  if (broken.count > broken.first.length) {
    const most = limits.keptBroken;
    return { refusal: `${broken.count} rows could not be cut into cells; at most ${most} may be so` };
  }
  if (rows.read + broken.count === 0) return { refusal: 'the file has no rows' };
  await mergeRows(workspace, columns, broken);
  return { rows: rows.read + broken.count, ignoredColumns: source.ignored };
}

async function mergeRows(
  { connection }: Workspace,
  columns: readonly Column[],
  broken: CheckedFile['broken'],
): Promise<void> {
  await connection.run('CREATE TEMP TABLE broken (line BIGINT, fault VARCHAR)');
  const appender = await connection.createAppender('broken');
  for (let from = 0; from < broken.first.length; from += chunkRows) {
    const some = broken.first.slice(from, from + chunkRows);
    const chunk = DuckDBDataChunk.create([BIGINT, VARCHAR], some.length);
    chunk.setColumns([some.map(({ line }) => BigInt(line)), some.map(({ message }) => message)]);
    appender.appendDataChunk(chunk);
  }
  appender.closeSync();
  const values = columns.map((_, place) => `v${place}`).join(', ');
  await connection.run(
    `CREATE TEMP TABLE numbered AS
     SELECT row_number() OVER (ORDER BY line) - 1 AS row, *
     FROM (SELECT line, ${values}, rules, shown FROM checked
           UNION ALL BY NAME SELECT line, fault FROM broken)
     ORDER BY row`,
  );
  // A large file fills memory and then the disk: keep one copy of the rows.
  await connection.run('DROP TABLE checked; DROP TABLE broken');
}

/** The rows from one number up to, and without, another, as Parquet. */
async function readStretch({ connection, folder }: Workspace, from: number, to: number): Promise<Uint8Array> {
  const path = join(folder, 'rows.parquet');
  await connection.run(
    `COPY (SELECT * FROM numbered WHERE row >= ${from} AND row < ${to} ORDER BY row)
     TO ${quoteText(path)} (FORMAT parquet, COMPRESSION zstd)`,
  );
  return readFile(path);
}
