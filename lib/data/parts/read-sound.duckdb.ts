import { join } from 'node:path';
import type { RecognisedFormat } from '../../model/source-format.ts';
import type { Column } from '../columns.ts';
import type { Unreadable } from '../csv-scanner.ts';
import type { Workspace } from '../database.duckdb.ts';
import { disguisedFile } from '../disguised-file.ts';
import { readTable } from '../examine.duckdb.ts';
import { type StageLimits, stageFile, stageLimits } from '../stage-file.ts';
import { describeParquet } from './parquet-parts.duckdb.ts';
import { writePartText } from './part-text.ts';
import type { PartReading } from './parts.ts';

/** A sound file: what it holds, and where its text lies when it is to be joined as text. */
export interface SoundFile {
  rows: number;
  header: string[] | null;
  text: (Extract<PartReading, { outcome: 'readable' }>['text'] & { path: string }) | null;
}

/**
 * Reads a file of an upload of many as strictly as if it were the whole of it, and leaves its text as it is to be joined.
 *
 * @param path In the folder of the workspace.
 */
export async function readSound(
  workspace: Workspace,
  path: string,
  format: RecognisedFormat,
  columns: readonly Column[],
  isFirst: boolean,
  maxPartBytes: number,
): Promise<SoundFile | Unreadable> {
  const limits: StageLimits = stageLimits(maxPartBytes);
  const disguised = await disguisedFile(path, format);
  if (disguised !== null) return { line: 0, message: disguised };
  if (format.format === 'parquet') {
    // Every cell is read once: what is damaged shows here, in a file with a name.
    const table = await readTable(workspace, path, format, columns, limits);
    if ('message' in table) return table;
    return { rows: table.rows.read, header: await describeParquet(workspace.connection, path), text: null };
  }
  const staged = await stageFile(path, join(workspace.folder, 'staged.csv'), format, columns, limits);
  if (staged.failure) return staged.failure;
  const to = join(workspace.folder, 'rows');
  const isCsv = format.format === 'csv';
  const text = await writePartText(path, to, { isCsv, isGzip: format.isGzip, isFirst });
  if ('message' in text) return text;
  return {
    rows: staged.rows + staged.broken.count,
    header: text.header,
    text: { ...text, path: to },
  };
}
