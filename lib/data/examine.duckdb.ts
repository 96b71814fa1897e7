import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { formatOf, type RecognisedFormat } from '../model/source-format.ts';
import { EvergreenError, messageOf } from '../shared/errors.ts';
import { checkRows } from './check.duckdb.ts';
import { compileRowChecks, type RowChecks } from './checks/row-checks.ts';
import type { Column } from './columns.ts';
import { conclude } from './conclude.ts';
import type { Unreadable } from './csv-scanner.ts';
import type { Workspace } from './database.duckdb.ts';
import { disguisedFile } from './disguised-file.ts';
import type { Examination, ExaminationSetting } from './examination.ts';
import { type CheckedFile, gatherFacts } from './gather-facts.duckdb.ts';
import { refusedName } from './refused-name.ts';
import { parquetTable, stagedTable } from './source.duckdb.ts';
import type { Download } from './source.store.ts';
import { sideKeySql } from './split.duckdb.ts';
import { type StageLimits, stageFile } from './stage-file.ts';
import { unreadableFile } from './unreadable-file.ts';

export type { CheckedFile } from './gather-facts.duckdb.ts';

/** A file as it came: where its bytes lie, how many they are, and the name that tells its format. */
export interface UploadedFile {
  path: string;
  download: Download;
  name: string;
}

/** Examines a file, or refuses it by its size or name. */
export async function examineUpload(
  workspace: Workspace,
  { path, download, name }: UploadedFile,
  columns: readonly Column[],
  setting: ExaminationSetting,
): Promise<Examination> {
  const { formats } = setting.definition.data;
  const refuse = (message: string) => unreadableFile({ line: 0, message }, columns);
  if (download.sha256 === null) {
    return refuse(`the file has ${download.bytes} bytes; at most ${setting.limits.maxDecodedBytes} are read`);
  }
  if (download.stated !== undefined && download.stated !== download.sha256) {
    return refuse(
      `the file has the digest ${download.sha256}, and its uploader says ${download.stated}; it changed on the way: upload it again`,
    );
  }
  const recognised = formatOf(name);
  const refusal = refusedName(name, formats);
  if (!recognised || refusal !== null) return refuse(refusal ?? '');
  if (download.bytes === 0) return refuse('the file is empty');
  return examineFile(workspace, path, recognised, columns, setting);
}

/** Reads, checks, cleans, splits and measures a file. */
async function examineFile(
  workspace: Workspace,
  path: string,
  recognised: RecognisedFormat,
  columns: readonly Column[],
  setting: ExaminationSetting,
): Promise<Examination> {
  const rowChecks = compileRowChecks(setting.definition.data, columns);
  const checked = await readTable(workspace, path, recognised, columns, setting.limits, {
    rowChecks,
    onProgress: setting.onProgress,
    hashKey: setting.hashKey,
    rowKey: sideKeySql(columns, setting.definition.data),
  });
  if ('message' in checked) return unreadableFile(checked, columns);
  const facts = await gatherFacts(workspace.connection, checked, columns, setting);
  return conclude(facts, columns, rowChecks, setting);
}

/** What is asked of a table beside its columns. */
interface Reading {
  rowChecks: RowChecks;
  onProgress: ExaminationSetting['onProgress'];
  hashKey: Uint8Array | undefined;
  rowKey?: string;
}

const nothingMore: Reading = {
  rowChecks: { checks: [], values: [] },
  onProgress: undefined,
  hashKey: undefined,
};

/**
 * Reads a file once and holds its cells against their columns. Each row that could be cut into cells then stands in the
 * table `checked`.
 *
 * @returns Why it cannot be read as a table with these columns, when it cannot.
 */
export async function readTable(
  workspace: Workspace,
  path: string,
  recognised: RecognisedFormat,
  columns: readonly Column[],
  limits: StageLimits,
  reading: Reading = nothingMore,
): Promise<CheckedFile | Unreadable> {
  const { connection } = workspace;
  const { rowChecks, onProgress, hashKey, rowKey } = reading;
  const disguised = await disguisedFile(path, recognised);
  if (disguised !== null) return { line: 0, message: disguised };
  if (recognised.format === 'parquet') {
    onProgress?.({ step: 'checking', share: 0 });
    return readParquet(connection, path, columns, reading, limits);
  }
  const onRead = (share: number) => onProgress?.({ step: 'reading', share });
  const to = join(workspace.folder, 'staged.csv');
  const staged = await stageFile(path, to, recognised, columns, limits, onRead);
  if (staged.failure) return staged.failure;
  const source = stagedTable(staged, columns, limits.maxLineBytes);
  onProgress?.({ step: 'checking', share: 0 });
  const rows = await checkRows(connection, source, columns, rowChecks, limits.keptBroken, hashKey, rowKey);
  if (rows.read !== staged.rows) {
    // Two readers that disagree about the same bytes: better no dataset than a wrong one.
    throw new EvergreenError('internal', `${staged.rows} rows were staged, but ${rows.read} were read back`);
  }
  return { source, rows, broken: staged.broken };
}

async function readParquet(
  connection: DuckDBConnection,
  path: string,
  columns: readonly Column[],
  { rowChecks, hashKey, rowKey }: Reading,
  limits: StageLimits,
): Promise<CheckedFile | Unreadable> {
  try {
    const source = await parquetTable(connection, path, columns, limits);
    if ('message' in source) return source;
    const rows = await checkRows(connection, source, columns, rowChecks, limits.keptBroken, hashKey, rowKey);
    return { source, rows, broken: { count: 0, first: [] } };
  } catch (thrown) {
    const message = messageOf(thrown);
    if (/no space left|internal error/i.test(message)) throw thrown;
    if (/out of memory/i.test(message)) {
      return {
        line: 0,
        message: 'the Parquet file does not fit into memory; write groups of fewer rows, and shorter texts',
      };
    }
    const [first = ''] = message.split('\n');
    return { line: 0, message: `the Parquet file cannot be read (${first.replaceAll(path, 'upload')})` };
  }
}
