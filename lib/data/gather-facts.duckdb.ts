import type { DuckDBConnection } from '@duckdb/node-api';
import * as z from 'zod';
import type { ModelDefinition } from '../model/definition.ts';
import { type CheckedRows, findCopies } from './check.duckdb.ts';
import { findLabelFlips, type LabelFlips } from './checks/label-flips.ts';
import { sampleLabels } from './checks/label-sample.duckdb.ts';
import { mapMissing } from './checks/missing-map.duckdb.ts';
import {
  countRepeated,
  findContradictions,
  greatestNearGroup,
  greatestOf,
} from './checks/relations.duckdb.ts';
import { columnsShownBefore, countsBefore } from './cleaning/counts-before.ts';
import { learnFills } from './cleaning/fills.duckdb.ts';
import { gatherLeftOut } from './cleaning/left-out.duckdb.ts';
import {
  countOutliersBySource,
  learnOutlierLimits,
  type OutlierLimit,
  putOutliersAside,
} from './cleaning/outliers.duckdb.ts';
import { countRespelled } from './cleaning/respelled.duckdb.ts';
import type { Column } from './columns.ts';
import { select } from './database.duckdb.ts';
import type { ColumnProfile, DatasetProfile } from './dataset.ts';
import { drawSql } from './draw-sql.ts';
import type { ExaminationSetting } from './examination.ts';
import type { Facts } from './facts.ts';
import { mostParted, otherEdgesOf } from './measured-parts.ts';
import { anonymise } from './privacy/anonymity.duckdb.ts';
import { findPersonalData } from './privacy/personal-sample.duckdb.ts';
import { masked } from './problem-message.ts';
import { measureTable, type Parts } from './profile.duckdb.ts';
import { type Measurement, nothingMeasured } from './profile-counts.ts';
import type { SourceTable } from './source.duckdb.ts';
import { countSides, keptCopiesSql, placeRows } from './split.duckdb.ts';
import type { StagedFile } from './stage-file.ts';

/** A file that was read: its rows stand in the table `checked`. */
export interface CheckedFile {
  source: SourceTable;
  rows: CheckedRows;
  /** Rows that could not be cut into cells. */
  broken: StagedFile['broken'];
}

/** Cleans, splits and measures what was checked. The accepted rows then stand in `placed`. */
export async function gatherFacts(
  connection: DuckDBConnection,
  { source, rows: checked, broken }: CheckedFile,
  columns: readonly Column[],
  { definition, limits, earlier, onProgress }: ExaminationSetting,
): Promise<Facts> {
  onProgress?.({ step: 'cleaning', share: 0 });
  const missingMap = await mapMissing(connection, columns, checked.missing, checked.read);
  const personalData = await findPersonalData(connection, source, columns, checked.read, definition);
  const shownBefore = columnsShownBefore(columns, definition);
  const respelled = await countRespelled(connection, source, columns, shownBefore);
  const leftOut = await gatherLeftOut(connection, columns, shownBefore);
  if (checked.bad > 0) await leftOut.add('checked WHERE bad');
  const copies = await findCopies(connection, columns, definition.data.keyDuplicates);
  const contradictions = await findContradictions(connection, columns, definition);
  if (copies.exact + copies.ofKey > 0) {
    await leftOut.add(`good WHERE NOT (${keptCopiesSql(definition.data)})`);
  }
  await placeRows(connection, columns, definition.data);
  const anonymity = await anonymise(connection, columns, definition.privacy.anonymity);
  const outlierLimits = await learnOutlierLimits(connection, columns, definition);
  const sources = await readSources(connection, columns, outlierLimits, definition);
  const aside = await putOutliersAside(connection, outlierLimits, limits.keptBroken, leftOut);
  const { train, test } = await countSides(connection);

  onProgress?.({ step: 'measuring', share: 0 });
  const classes = await countClasses(connection, columns);
  const measured = await measure(connection, columns, train, earlier);
  const before = countsBefore(measured, await leftOut.count(measured.profiles), respelled);
  const fills =
    train === 0 ? [] : await learnFills(connection, columns, definition, measured.profiles, outlierLimits);
  const labelFlips = await readLabelFlips(connection, columns, train, measured.profiles, definition);
  const hasRows = train > 0;
  return {
    ignored: source.ignored,
    checked,
    broken,
    missingMap,
    personalData,
    copies,
    contradictions,
    anonymity,
    outlierLimits,
    sources,
    aside,
    sides: { train, test },
    classes,
    measured,
    countsBefore: before,
    fills,
    labelFlips,
    repeated: hasRows ? await countRepeated(connection, columns, definition.data) : [],
    greatestNearGroup: hasRows
      ? await readNearGroup(connection, columns, measured.profiles, definition)
      : null,
    newest: hasRows ? await readNewest(connection, columns, definition) : null,
  };
}

async function measure(
  connection: DuckDBConnection,
  columns: readonly Column[],
  train: number,
  earlier: DatasetProfile | null,
): Promise<Measurement> {
  if (train === 0) return nothingMeasured();
  const place = columns.findIndex(({ role }) => role === 'target');
  const target = columns[place];
  const isParted = target && (target.type !== 'category' || target.categories.length <= mostParted);
  const parts: Parts = {
    isTrain: `side = 'train'`,
    half: `${drawSql('position')} % 2 = 0`,
    ...(isParted ? { target: { place, isNumber: target.type === 'number' } } : {}),
  };
  return measureTable(connection, 'placed', columns, parts, otherEdgesOf(columns, earlier));
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
