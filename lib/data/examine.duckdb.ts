import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { z } from 'zod';
import type { ModelDefinition } from '../model/definition.ts';
import type { RecognisedFormat } from '../model/source-format.ts';
import { EvergreenError, messageOf } from '../shared/errors.ts';
import { type BadRow, type CheckedRows, checkRows, findCopies } from './check.duckdb.ts';
import { type Column, dataColumns } from './columns.ts';
import type { Unreadable } from './csv-scanner.ts';
import { select, type Workspace } from './database.duckdb.ts';
import type { ColumnProfile, DatasetReport, Problem, QuarantinedRow } from './dataset.ts';
import { describeBrokenRow, describeUnreadable, masked, reportedRule } from './problem-message.ts';
import { profileTable } from './profile.duckdb.ts';
import { parquetTable, type SourceTable, stagedTable } from './source.duckdb.ts';
import { placeRows } from './split.duckdb.ts';
import { type StagedFile, type StageLimits, stageFile } from './stage-file.ts';
import { judgeDataset } from './verdict.ts';

/** What was found in a file. Its accepted rows stand in the table `placed` of the workspace. */
export interface Examination
  extends Pick<
    DatasetReport,
    'rows' | 'problemsByRule' | 'problems' | 'columns' | 'ignoredColumns' | 'classes'
  > {
  /** Why the file is rejected; empty when it is accepted. */
  reasons: string[];
  quarantine: QuarantinedRow[];
  /** Of the training rows, by column; empty when there are none. */
  profiles: Record<string, ColumnProfile>;
}

const keptProblems = 100;
const noRows = { read: 0, accepted: 0, quarantined: 0, duplicates: 0, train: 0, test: 0 };

/** A file that was refused before a row was read. */
export function unreadable(failure: Unreadable, columns: readonly Column[]): Examination {
  const problem = describeUnreadable(failure);
  return {
    rows: noRows,
    problemsByRule: { shape: 1 },
    problems: [problem],
    columns: dataColumns(columns).map(({ name, type }) => ({ name, type, missing: 0, problems: 0 })),
    ignoredColumns: [],
    classes: null,
    reasons: [problem.message],
    quarantine: [],
    profiles: {},
  };
}

/** Reads, checks, splits and profiles a file. */
export async function examineFile(
  workspace: Workspace,
  path: string,
  recognised: RecognisedFormat,
  columns: readonly Column[],
  definition: ModelDefinition,
  limits: StageLimits,
): Promise<Examination> {
  const checked = await readTable(workspace, path, recognised, columns, limits);
  if ('message' in checked) return unreadable(checked, columns);
  return conclude(workspace.connection, checked, columns, definition, limits);
}

/** A file that was read: each row that could be cut into cells stands in the table `checked`. */
export interface CheckedFile {
  source: SourceTable;
  rows: CheckedRows;
  /** Rows that could not be cut into cells. */
  broken: StagedFile['broken'];
}

/**
 * Reads a file once and holds its cells against their columns.
 *
 * @returns Why it cannot be read as a table with these columns, when it cannot.
 */
export async function readTable(
  workspace: Workspace,
  path: string,
  recognised: RecognisedFormat,
  columns: readonly Column[],
  limits: StageLimits,
): Promise<CheckedFile | Unreadable> {
  const { connection } = workspace;
  if (recognised.format === 'parquet') return readParquet(connection, path, columns, limits);
  const staged = await stageFile(path, join(workspace.folder, 'staged.csv'), recognised, columns, limits);
  if (staged.failure) return staged.failure;
  const source = stagedTable(staged, columns, limits.maxLineBytes);
  const rows = await checkRows(connection, source, columns, limits.keptBroken);
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
  limits: StageLimits,
): Promise<CheckedFile | Unreadable> {
  try {
    const source = await parquetTable(connection, path, columns, limits);
    if ('message' in source) return source;
    const rows = await checkRows(connection, source, columns, limits.keptBroken);
    return { source, rows, broken: { count: 0, first: [] } };
  } catch (thrown) {
    const message = messageOf(thrown);
    if (/out of memory|no space left|internal error/i.test(message)) throw thrown;
    const [first = ''] = message.split('\n');
    return { line: 0, message: `the Parquet file cannot be read (${first.replaceAll(path, 'upload')})` };
  }
}

async function conclude(
  connection: DuckDBConnection,
  { source, rows: checked, broken }: CheckedFile,
  columns: readonly Column[],
  definition: ModelDefinition,
  limits: StageLimits,
): Promise<Examination> {
  const duplicates = await findCopies(connection, columns);
  const { train, test } = await placeRows(connection, columns, definition.data);
  const classes = await countClasses(connection, columns);
  const rows = {
    read: checked.read + broken.count,
    accepted: train + test,
    quarantined: checked.bad + broken.count,
    duplicates,
    train,
    test,
  };
  const reasons = judgeDataset(
    { ...rows, classes: classes?.all ?? null, trainClasses: classes?.inTrain ?? null },
    definition,
  );
  const quarantine = mergeQuarantine(checked.badRows, broken.first, columns, limits.keptBroken);
  return {
    rows: reasons.length === 0 ? rows : { ...rows, train: 0, test: 0 },
    problemsByRule: countByRule(checked, broken.count),
    problems: quarantine.flatMap(({ problems }) => problems).slice(0, keptProblems),
    columns: dataColumns(columns).map(({ name, type }) => ({
      name,
      type,
      missing: checked.missing.get(name) ?? 0,
      problems: sum(checked.problems.filter(({ column }) => column.name === name)),
    })),
    ignoredColumns: source.ignored,
    classes: classes?.all ?? null,
    reasons,
    quarantine,
    profiles: train === 0 ? {} : await profileTable(connection, `placed WHERE side = 'train'`, columns),
  };
}

async function countClasses(
  connection: DuckDBConnection,
  columns: readonly Column[],
): Promise<{ all: Record<string, number>; inTrain: number } | null> {
  const target = columns.findIndex(({ role }) => role === 'target');
  if (columns[target]?.type !== 'category') return null;
  const counted = await select(
    connection,
    `SELECT v${target} AS name, count(*) AS count, count(*) FILTER (side = 'train') AS train FROM placed GROUP BY ALL`,
    z.object({ name: z.string(), count: z.number(), train: z.number() }),
  );
  const byName = new Map(counted.map(({ name, count }) => [name, count]));
  return {
    all: Object.fromEntries((columns[target]?.categories ?? []).map((name) => [name, byName.get(name) ?? 0])),
    inTrain: counted.filter(({ train }) => train > 0).length,
  };
}

function mergeQuarantine(
  badRows: readonly BadRow[],
  broken: readonly Unreadable[],
  columns: readonly Column[],
  most: number,
): QuarantinedRow[] {
  const personal = new Set(columns.filter(({ isPersonal }) => isPersonal).map(({ name }) => name));
  const show = ([name, text]: [string, string | null]) => [
    name,
    text !== null && personal.has(name) ? masked : text,
  ];
  const cut = badRows.map(({ line, problems, cells }) => ({
    line,
    problems,
    values: cells && Object.fromEntries(Object.entries(cells).map(show)),
  }));
  const uncut = broken.map(({ line, message }) => ({
    line,
    problems: [describeBrokenRow(line, message)],
    values: null,
  }));
  return [...cut, ...uncut].sort((a, b) => a.line - b.line).slice(0, most);
}

function countByRule(checked: CheckedRows, brokenRows: number): Record<string, number> {
  const counts: Partial<Record<Problem['rule'], number>> = {};
  if (brokenRows > 0) counts.shape = brokenRows;
  for (const { column, rule, count } of checked.problems) {
    const named = reportedRule(column, rule);
    counts[named] = (counts[named] ?? 0) + count;
  }
  return counts;
}

function sum(counted: readonly { count: number }[]): number {
  return counted.reduce((total, { count }) => total + count, 0);
}
