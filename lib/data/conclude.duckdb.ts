import type { DuckDBConnection } from '@duckdb/node-api';
import { z } from 'zod';
import type { ModelDefinition } from '../model/definition.ts';
import { type CheckedRows, findCopies } from './check.duckdb.ts';
import { cellResults, rowResults } from './checks/cell-results.ts';
import { scoreFamilies } from './checks/families.ts';
import { findLabelFlips, type LabelFlips } from './checks/label-flips.ts';
import { sampleLabels } from './checks/label-sample.duckdb.ts';
import { mapMissing } from './checks/missing-map.duckdb.ts';
import {
  countRepeated,
  findContradictions,
  greatestNearGroup,
  greatestOf,
} from './checks/relations.duckdb.ts';
import type { RowChecks } from './checks/row-checks.ts';
import { wholeResults } from './checks/whole-results.ts';
import { learnFills } from './cleaning/fills.duckdb.ts';
import {
  countOutliersBySource,
  learnOutlierLimits,
  type OutlierLimit,
  putOutliersAside,
} from './cleaning/outliers.duckdb.ts';
import { cleaningSteps } from './cleaning/steps.ts';
import { type Column, dataColumns } from './columns.ts';
import { select } from './database.duckdb.ts';
import type { ColumnProfile, DatasetProfile } from './dataset.ts';
import type { Examination, ExaminationSetting } from './examination.ts';
import { anonymise } from './privacy/anonymity.duckdb.ts';
import { findPersonalData } from './privacy/personal-sample.duckdb.ts';
import { privacyResults } from './privacy/privacy-results.ts';
import { masked } from './problem-message.ts';
import { type Measurement, measureTable, type Parts } from './profile.duckdb.ts';
import { countByRule, mergeQuarantine, worstOf } from './quarantine.ts';
import type { SourceTable } from './source.duckdb.ts';
import { countSides, placeRows } from './split.duckdb.ts';
import type { StagedFile } from './stage-file.ts';
import { judgeDataset } from './verdict.ts';

/** A file that was read: its rows stand in the table `checked`. */
export interface CheckedFile {
  source: SourceTable;
  rows: CheckedRows;
  /** Rows that could not be cut into cells. */
  broken: StagedFile['broken'];
}

const keptProblems = 100;
/** With more classes each has too few rows to say what a column tells of it. */
const mostGroups = 50;

/** Cleans, splits and measures what was checked, and judges it. The accepted rows then stand in `placed`. */
export async function conclude(
  connection: DuckDBConnection,
  { source, rows: checked, rowChecks, broken }: CheckedFile & { rowChecks: RowChecks },
  columns: readonly Column[],
  { definition, limits, earlier, now, onProgress }: ExaminationSetting,
): Promise<Examination> {
  onProgress?.({ step: 'cleaning', share: 0 });
  const missingMap = await mapMissing(connection, columns, checked.missing, checked.read);
  const personalData = await findPersonalData(connection, source, columns, checked.read, definition);
  const copies = await findCopies(connection, columns, definition.data.keyDuplicates);
  const contradictions = await findContradictions(connection, columns, definition);
  await placeRows(connection, columns, definition.data);
  const anonymity = await anonymise(connection, columns, definition.privacy.anonymity);
  const outlierLimits = await learnOutlierLimits(connection, columns, definition);
  const sources = await readSources(connection, columns, outlierLimits, definition);
  const aside = await putOutliersAside(connection, outlierLimits, limits.keptBroken);
  const { train, test } = await countSides(connection);

  onProgress?.({ step: 'measuring', share: 0 });
  const classes = await countClasses(connection, columns);
  const measured = await measure(connection, columns, train, earlier);
  const fills =
    train === 0 ? [] : await learnFills(connection, columns, definition, measured.profiles, outlierLimits);
  const labelFlips = await readLabelFlips(connection, columns, train, measured.profiles, definition);
  const rows = {
    read: checked.read + broken.count,
    accepted: train + test,
    quarantined: checked.bad + broken.count + aside.count,
    duplicates: copies.exact,
    train,
    test,
  };
  const checks = [
    ...cellResults(checked, broken.count),
    ...rowResults(rowChecks.checks, checked.rowChecks, definition),
    ...privacyResults({ personalData, anonymity }, definition),
    ...(train === 0
      ? []
      : wholeResults(
          {
            ...measured,
            ...contradictions,
            rows,
            classes: classes?.all ?? null,
            repeated: await countRepeated(connection, columns, definition.data),
            greatestNearGroup: await readNearGroup(connection, columns, measured.profiles, definition),
            newest: await readNewest(connection, columns, definition),
            sources,
            labelFlips,
            earlier,
            now,
          },
          definition,
        )),
  ];
  const failed = checks.filter(({ status }) => status === 'failed');
  const isSideEmpty = aside.count > 0 && train + test > 1 && Math.min(train, test) === 0;
  const reasons = [
    ...judgeDataset(
      { ...rows, classes: classes?.all ?? null, trainClasses: classes?.inTrain ?? null },
      definition,
    ),
    ...(isSideEmpty
      ? ['without the rows that hold outliers none is left to train on, or none to hold out']
      : []),
    ...failed.filter(({ action }) => action === 'reject').map(({ message }) => message),
  ];
  const quarantine = mergeQuarantine(checked.badRows, broken.first, aside.first, columns, limits.keptBroken);
  const missing = sum(dataColumns(columns).map(({ name }) => checked.missing.get(name) ?? 0));
  return {
    rows: reasons.length === 0 ? rows : { ...rows, train: 0, test: 0 },
    problemsByRule: countByRule(checked, rowChecks, { broken: broken.count, outlier: aside.count }),
    problems: quarantine.flatMap(({ problems }) => problems).slice(0, keptProblems),
    columns: dataColumns(columns).map(({ name, type }) => ({
      name,
      type,
      missing: checked.missing.get(name) ?? 0,
      problems: sum(checked.problems.filter(({ column }) => column.name === name).map(({ count }) => count)),
    })),
    ignoredColumns: source.ignored,
    classes: classes?.all ?? null,
    reasons,
    warnings: failed.filter(({ action }) => action === 'warn').map(({ message }) => message),
    checks,
    families: scoreFamilies(
      {
        cells: checked.read * dataColumns(columns).length,
        missing,
        broken: sum(checks.filter(({ family }) => family === 'accuracy').map(({ count }) => count ?? 0)),
        rows: rows.read,
        contradicting: sum(
          checks.filter(({ family }) => family === 'consistency').map(({ count }) => count ?? 0),
        ),
      },
      checks,
    ),
    cleaning: cleaningSteps(
      {
        normalised: checked.normalised,
        disguised: checked.disguised,
        copies,
        outlierLimits,
        fills,
        anonymity,
      },
      definition,
    ),
    beforeAndAfter: beforeAndAfter(columns, checked, measured),
    missingMap,
    worstRows: worstOf(quarantine),
    comparedWith: earlier?.datasetId ?? null,
    personalData,
    anonymity,
    quarantine,
    profiles: measured.profiles,
    labelFlips,
  };
}

async function measure(
  connection: DuckDBConnection,
  columns: readonly Column[],
  train: number,
  earlier: DatasetProfile | null,
): Promise<Measurement> {
  if (train === 0) return { profiles: {}, joint: [], correlations: new Map(), onOtherBins: new Map() };
  const place = columns.findIndex(({ role }) => role === 'target');
  const target = columns[place];
  const isParted = target && (target.type !== 'category' || target.categories.length <= mostGroups);
  const parts: Parts = {
    isTrain: `side = 'train'`,
    half: 'hash(position) % 2 = 0',
    ...(isParted ? { target: { place, isNumber: target.type === 'number' } } : {}),
  };
  const known = Object.entries({
    ...earlier?.features,
    ...(target && earlier ? { [target.name]: earlier.target } : {}),
  });
  const otherEdges = new Map(
    known.flatMap(([name, profile]) => (profile.type === 'categorical' ? [] : [[name, profile.edges]])),
  );
  return measureTable(connection, 'placed', columns, parts, otherEdges);
}

async function readSources(
  connection: DuckDBConnection,
  columns: readonly Column[],
  outlierLimits: readonly OutlierLimit[],
  { data }: ModelDefinition,
) {
  const { sources } = data.checks;
  if (!sources || sources.action === 'off') return [];
  const isPersonal = columns.some(({ name, isPersonal: hidden }) => name === sources.column && hidden);
  const found = await countOutliersBySource(connection, columns, outlierLimits, sources.column);
  return isPersonal ? found.map((each) => ({ ...each, source: masked })) : found;
}

async function readNewest(
  connection: DuckDBConnection,
  columns: readonly Column[],
  { data: { checks } }: ModelDefinition,
): Promise<number | null> {
  if (!checks.freshness || checks.freshness.action === 'off') return null;
  return greatestOf(connection, columns, checks.freshness.column);
}

async function readNearGroup(
  connection: DuckDBConnection,
  columns: readonly Column[],
  profiles: Readonly<Record<string, ColumnProfile>>,
  { data: { checks } }: ModelDefinition,
): Promise<number | null> {
  return checks.nearDuplicates.action === 'off' ? null : greatestNearGroup(connection, columns, profiles);
}

async function readLabelFlips(
  connection: DuckDBConnection,
  columns: readonly Column[],
  train: number,
  profiles: Readonly<Record<string, ColumnProfile>>,
  { data: { checks }, task }: ModelDefinition,
): Promise<LabelFlips | null> {
  // What a person chose next, and what is an anomaly, is not what their neighbours say.
  const isAsked = checks.labelFlips.action !== 'off' && task !== 'ranking' && task !== 'anomaly-detection';
  if (train === 0 || !isAsked) return null;
  const points = await sampleLabels(connection, columns, profiles);
  return points && findLabelFlips(points);
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

function beforeAndAfter(
  columns: readonly Column[],
  checked: CheckedRows,
  { profiles }: Measurement,
): Examination['beforeAndAfter'] {
  const noNumbers = { min: null, max: null, mean: null };
  return dataColumns(columns).map(({ name, isPersonal }) => {
    const after = profiles[name];
    const numbers =
      after?.type === 'numeric' ? { min: after.min, max: after.max, mean: after.mean } : noNumbers;
    return {
      column: name,
      before: {
        rows: checked.read,
        missing: checked.missing.get(name) ?? 0,
        ...(isPersonal ? noNumbers : (checked.before.get(name) ?? noNumbers)),
      },
      after: after
        ? { rows: after.count + after.missing, missing: after.missing, ...(isPersonal ? noNumbers : numbers) }
        : null,
    };
  });
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0);
}
