import * as z from 'zod';
import type { ModelDefinition } from '../../model/definition.ts';
import { digest } from '../../shared/digest.ts';
import { describeBadRow, foundBadRow } from '../bad-row.ts';
import { findLabelFlips } from '../checks/label-flips.ts';
import { labelledPoints, sampledLabel } from '../checks/labelled-points.ts';
import { shareOfParts } from '../checks/missing-shares.ts';
import type { RowChecks } from '../checks/row-checks.ts';
import { askedOutliers } from '../cleaning/asked-outliers.ts';
import { askedFills, fillOf } from '../cleaning/fills.ts';
import { type Column, dataColumns } from '../columns.ts';
import { cell, type DatasetProfile } from '../dataset.ts';
import type { Facts } from '../facts.ts';
import { otherEdgesOf } from '../measured-parts.ts';
import { judgeCounts } from '../privacy/judge-columns.ts';
import { personalKind } from '../privacy/personal-kinds.ts';
import { brokenRule, masked } from '../problem-message.ts';
import { profileKind } from '../profile.ts';
import {
  bookBins,
  bookCategories,
  measurementOf,
  nothingMeasured,
  planBins,
  type Summary,
} from '../profile-counts.ts';
import { countedBefore, readCountsBefore } from './counts-before.ts';

const count = z.int().min(0);
const number = z.number().nullable();
const unreadable = z.object({ line: count, message: z.string() });
const lacking = z.object({ line: count, missing: z.array(z.string()), present: z.array(z.string()) });
const perPlace = { place: count };

const measured = z.object({
  summaries: z.array(
    z.object({
      ...perPlace,
      count,
      missing: count,
      mean: number,
      deviation: number,
      min: number,
      max: number,
      deciles: z.array(z.number()).nullable(),
      correlation: number,
      pairs: count,
    }),
  ),
  parts: z.array(
    z.object({
      part: z.string(),
      train: z.boolean(),
      half: z.boolean(),
      rows: count,
      columns: z.array(
        z.object({ ...perPlace, filled: count, fine: z.array(count), others: z.array(count) }),
      ),
    }),
  ),
  categories: z.array(
    z.object({
      ...perPlace,
      value: z.string().nullable(),
      part: z.string().nullable(),
      train: z.boolean(),
      half: z.boolean(),
      count,
    }),
  ),
  fills: z.array(z.object({ ...perPlace, learned: number, missing: count })),
  repeated: z.array(count),
  greatestNearGroup: count.nullable(),
  newest: number,
  labels: z.array(sampledLabel).nullable(),
});

const source = z.object({ bytes: count, sha256: digest });

/** A file that was refused before a row was held against its rules. */
const refusedFile = z.object({
  schema: z.literal('evergreen/spark-facts/v1'),
  source,
  unreadable: z.union([lacking, unreadable]),
});

const readFile = z.object({
  schema: z.literal('evergreen/spark-facts/v1'),
  source,
  unreadable: z.null(),
  broken: z.object({ count, first: z.array(unreadable) }),
  read: count,
  bad: count,
  missing: z.array(count),
  problems: z.array(z.object({ ...perPlace, rule: brokenRule, count })),
  normalised: z.array(z.object({ ...perPlace, count })),
  disguised: z.array(z.object({ ...perPlace, count })),
  rowChecks: z.array(z.object({ count, firstLine: count.nullable() })),
  before: z.array(z.object({ min: number, max: number, mean: number })),
  badRows: z.array(foundBadRow),
  missingParts: z.array(z.object({ rows: count, missing: z.array(count) })),
  ignored: z.array(z.string()),
  personal: z.array(
    z.object({
      column: z.string(),
      isRead: z.boolean(),
      isDeclared: z.boolean(),
      filled: count,
      hasSigns: z.boolean(),
      kinds: z.array(z.object({ kind: personalKind, looks: count, holds: count })),
    }),
  ),
  copies: z.object({ exact: count, ofKey: count }),
  contradictions: z.object({ sharedIdentity: count.nullable(), conflictingLabels: count.nullable() }),
  anonymity: z.object({ groups: count, smallest: count, below: count, kept: count }).nullable(),
  outlierLimits: z.array(z.object({ ...perPlace, low: z.number(), high: z.number(), count })),
  sources: z.array(z.object({ source: z.string(), rows: count, outlying: count })),
  aside: z.object({ count, first: z.array(z.object({ line: count, ...perPlace, value: z.number() })) }),
  sides: z.object({ train: count, test: count }),
  classes: z.array(z.object({ name: z.string(), count, train: count })),
  /** Where a row is left to train on. */
  measured: measured.optional(),
  countsBefore: countedBefore.optional(),
  golden: z.array(z.object({ group: z.string(), values: z.array(cell) })).optional(),
  files: z.object({ train: source, test: source }).optional(),
});

/** What the job of spark/evergreen_spark leaves in facts.json, columns by their place. */
export const sparkFacts = z.union([refusedFile, readFile]);
export type SparkFacts = z.infer<typeof sparkFacts>;
export type CountedOnSpark = z.infer<typeof readFile>;

export interface FactsSetting {
  definition: ModelDefinition;
  rowChecks: RowChecks;
  earlier: DatasetProfile | null;
}

/** The same facts that DuckDB gathers, out of what Spark counted. */
export function factsOf(
  found: CountedOnSpark,
  columns: readonly Column[],
  { definition, rowChecks, earlier }: FactsSetting,
): Facts {
  const at = (place: number): Column => {
    const column = columns[place];
    if (column) return column;
    throw new RangeError(`the facts name column ${place}; there are ${columns.length}`);
  };
  const named = <Value>(values: readonly Value[]) =>
    new Map(values.map((value, place) => [at(place).name, value]));
  const limits = new Map(found.outlierLimits.map((limit) => [limit.place, limit]));
  const target = columns.findIndex(({ role }) => role === 'target');
  const policy = definition.privacy.anonymity;
  const outlierLimits = askedOutliers(columns, definition).flatMap(({ column, place, asked }) => {
    const limit = limits.get(place);
    return limit ? [{ column, place, asked, low: limit.low, high: limit.high, count: limit.count }] : [];
  });
  return {
    ignored: found.ignored,
    checked: {
      read: found.read,
      bad: found.bad,
      badRows: found.badRows.map((row) => describeBadRow(row, columns, rowChecks.checks)),
      missing: named(found.missing),
      problems: found.problems.map(({ place, rule, count: many }) => ({
        column: at(place),
        rule,
        count: many,
      })),
      normalised: found.normalised.map(({ place, count: many }) => ({ column: at(place), count: many })),
      disguised: found.disguised.map(({ place, count: many }) => ({ column: at(place), count: many })),
      rowChecks: found.rowChecks,
      before: named(found.before),
    },
    broken: found.broken,
    missingMap: shareOfParts(columns, found.missing, found.missingParts),
    personalData: found.personal.flatMap(judgeCounts),
    copies: found.copies,
    contradictions: found.contradictions,
    anonymity:
      policy && found.anonymity
        ? {
            ...policy,
            groups: found.anonymity.groups,
            smallest: found.anonymity.smallest,
            rowsBelow: found.anonymity.below,
            smallestKept: policy.action === 'suppress' ? found.anonymity.kept : found.anonymity.smallest,
          }
        : null,
    outlierLimits,
    sources: maskedSources(found.sources, columns, definition),
    aside: {
      count: found.aside.count,
      first: found.aside.first.map(({ line, place, value }) => ({ line, column: at(place), value })),
    },
    sides: found.sides,
    classes: classesOf(found, columns[target]),
    ...measuredFacts(found, columns, outlierLimits, { definition, earlier }),
  };
}

function measuredFacts(
  found: CountedOnSpark,
  columns: readonly Column[],
  _limits: Facts['outlierLimits'],
  { definition, earlier }: Pick<FactsSetting, 'definition' | 'earlier'>,
): Pick<
  Facts,
  'measured' | 'countsBefore' | 'fills' | 'labelFlips' | 'repeated' | 'greatestNearGroup' | 'newest'
> {
  const { measured: some } = found;
  if (!some) {
    return {
      measured: nothingMeasured(),
      countsBefore: new Map(),
      fills: [],
      labelFlips: null,
      repeated: [],
      greatestNearGroup: null,
      newest: null,
    };
  }
  const all = dataColumns(columns).map((column) => ({ column, place: columns.indexOf(column) }));
  const summaryAt = new Map<number, Summary>(some.summaries.map((summary) => [summary.place, summary]));
  const otherEdges = otherEdgesOf(columns, earlier);
  const planned = all
    .filter(({ column }) => profileKind(column) !== 'categorical')
    .map((each) => planBins(each, summaryAt.get(each.place), otherEdges.get(each.column.name)));
  const bins = bookBins(
    planned,
    some.parts.map((part) => ({
      ...part,
      columns: new Map(part.columns.map((counts) => [counts.place, counts])),
    })),
  );
  const categories = bookCategories(
    all.filter(({ column }) => profileKind(column) === 'categorical'),
    some.categories,
  );
  const byName = new Map(
    planned.flatMap(({ column, summary }) => (summary ? [[column.name, summary] as const] : [])),
  );
  const measurement = measurementOf(all, byName, bins, categories);
  const filled = new Map(some.fills.map((fill) => [fill.place, fill]));
  const target = columns.find(({ role }) => role === 'target');
  const others = columns.filter((column) => column.role === 'feature' && column.type !== 'text');
  return {
    measured: measurement,
    countsBefore: readCountsBefore(found.countsBefore, columns, measurement),
    fills: askedFills(columns, definition).map((asked) => {
      const fill = filled.get(asked.place);
      return fillOf(
        asked,
        fill?.learned ?? null,
        fill?.missing ?? 0,
        measurement.profiles[asked.column.name],
      );
    }),
    labelFlips:
      some.labels &&
      findLabelFlips(
        labelledPoints(
          some.labels,
          target?.categories ?? [],
          others.slice(0, 128).filter((column) => profileKind(column) === 'categorical'),
        ),
      ),
    repeated: some.repeated,
    greatestNearGroup: some.greatestNearGroup,
    newest: some.newest,
  };
}

function classesOf({ classes }: CountedOnSpark, target: Column | undefined): Facts['classes'] {
  if (target?.type !== 'category') return null;
  const byName = new Map(classes.map((each) => [each.name, each.count]));
  return {
    all: Object.fromEntries(target.categories.map((name) => [name, byName.get(name) ?? 0])),
    inTrain: classes.filter(({ train }) => train > 0).length,
  };
}

function maskedSources(
  sources: Facts['sources'],
  columns: readonly Column[],
  { data }: ModelDefinition,
): Facts['sources'] {
  const column = columns.find(({ name }) => name === data.checks.sources?.column);
  return column?.isPersonal ? sources.map((each) => ({ ...each, source: masked })) : sources;
}
