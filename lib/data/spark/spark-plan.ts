import { outlierFactor } from '../../model/cleaning.ts';
import { type Condition, comparisonsOf } from '../../model/conditions.ts';
import type { ModelDefinition } from '../../model/definition.ts';
import {
  type Disguise,
  hashBuckets,
  hashedBefore,
  hashKeyMessage,
  hashKeyNameOf,
  hashPattern,
  hashPrefix,
} from '../../model/disguise.ts';
import { blanks, smallLetters } from '../../model/normalise.ts';
import { type Pattern, readPattern } from '../../model/pattern.ts';
import { EvergreenError } from '../../shared/errors.ts';
import { compileRowChecks } from '../checks/row-checks.ts';
import { askedOutliers } from '../cleaning/asked-outliers.ts';
import { columnsShownBefore, spelledColumns } from '../cleaning/counts-before.ts';
import { askedFills } from '../cleaning/fills.ts';
import { type Column, dataColumns } from '../columns.ts';
import type { DatasetProfile } from '../dataset.ts';
import { mostParted, otherEdgesOf } from '../measured-parts.ts';
import { detectionRules } from '../privacy/detection-rules.ts';
import { heldOutBelow } from '../split.ts';
import type { StageLimits } from '../stage-file.ts';
import { type Categories, compilePattern } from './pattern-program.ts';

/** How a CSV file is laid out, from its header; other files say it themselves. */
export interface CsvLayout {
  /** Keys of its columns, in the order of the file. */
  layout: string[];
  ignored: string[];
  unread: { name: string; key: string }[];
  /** Bytes up to the end of the header's line, and the number of the line after it. */
  headerBytes: number;
  firstLine: number;
}

export type SparkSource = { isGzip: boolean } & (
  | ({ format: 'csv' } & CsvLayout)
  | { format: 'jsonl' | 'parquet' }
);

export interface PlanSetting {
  definition: ModelDefinition;
  limits: Pick<StageLimits, 'maxDecodedBytes' | 'maxLineBytes' | 'keptBroken'>;
  /** The dataset of the champion, or null. */
  earlier: DatasetProfile | null;
  /** What the key comes from that personal values are hashed with. */
  hashKeyArn: string;
  /** Letters of the categories that the patterns name. */
  categories: Categories;
}

/**
 * What Spark is to count, with every column by its place: the same rule objects that DuckDB's SQL is compiled from.
 * spark/evergreen_spark reads it.
 */
export function sparkPlan(
  columns: readonly Column[],
  source: SparkSource,
  { definition, limits, earlier, hashKeyArn, categories }: PlanSetting,
): object {
  const { data, identity, privacy, task } = definition;
  const { checks } = data;
  const placeOf = (name: string) => columns.findIndex((column) => column.name === name);
  const placesOf = (isWanted: (column: Column) => boolean) =>
    columns.flatMap((column, place) => (isWanted(column) ? [place] : []));
  const target = columns.findIndex(({ role }) => role === 'target');
  const identifying = placesOf(({ identifies }) => identifies);
  const features = placesOf(({ role }) => role === 'feature');
  const isCategory = columns[target]?.type === 'category';
  const asksLabels = checks.conflictingLabels.action !== 'off' && isCategory;
  const anonymityPlaces = privacy.anonymity?.columns.map(placeOf) ?? [];
  const { personalData, freshness, sources } = checks;
  const keyName = hashKeyNameOf(definition);
  const shown = columnsShownBefore(columns, definition);
  return {
    schema: 'evergreen/spark-plan/v1',
    headerBytes: 0,
    firstLine: 1,
    ...source,
    columns: columns.map(({ disguise, ...column }) => ({
      ...column,
      ...(disguise ? { disguise: disguiseRule(column.name, disguise) } : {}),
    })),
    spelling: {
      blanks,
      small: columns.some(({ normalise }) => normalise?.case === 'lower') ? smallLetters() : {},
    },
    hashKey:
      keyName === undefined ? null : { arn: hashKeyArn, message: hashKeyMessage(definition.name, keyName) },
    maxDecodedBytes: limits.maxDecodedBytes,
    maxLineBytes: limits.maxLineBytes,
    keptBroken: limits.keptBroken,
    rowChecks: rowChecksOf(definition, columns, categories),
    target,
    identifying,
    described: dataColumns(columns).map((column) => columns.indexOf(column)),
    shownBefore: shown.map((column) => columns.indexOf(column)),
    spelledBefore: spelledColumns(shown).map((column) => columns.indexOf(column)),
    keyDuplicates: data.keyDuplicates,
    dropsCopies: data.duplicates === 'drop' || data.keyDuplicates !== 'keep',
    split: { ...data.split, heldOutBelow: heldOutBelow(data.split.testShare) },
    asksIdentity: identifying.length > 0 && checks.identity.action !== 'off',
    labelGroups: asksLabels ? (identity.length > 0 ? identifying : features) : null,
    personal:
      personalData.action === 'off'
        ? null
        : {
            sampleRows: personalData.sampleRows,
            rules: detectionRules(),
            looked: columns.flatMap(({ name, type, role, isPersonal }, place) =>
              role !== 'target' && (type === 'text' || type === 'integer')
                ? [{ place, column: name, isDeclared: isPersonal || identity.includes(name) }]
                : [],
            ),
          },
    anonymity:
      privacy.anonymity && !anonymityPlaces.includes(-1)
        ? {
            places: anonymityPlaces,
            k: privacy.anonymity.k,
            suppresses: privacy.anonymity.action === 'suppress',
          }
        : null,
    outliers: askedOutliers(columns, definition).map(({ place, rule, asked }) => ({
      place,
      method: rule.method,
      factor: outlierFactor(rule),
      action: asked?.action ?? null,
    })),
    sourcesPlace: sources && sources.action !== 'off' ? placeOf(sources.column) : null,
    partedBy: !isCategory
      ? 'number'
      : (columns[target]?.categories.length ?? 0) <= mostParted
        ? 'category'
        : null,
    otherEdges: Object.fromEntries(
      [...otherEdgesOf(columns, earlier)].map(([name, edges]) => [placeOf(name), edges]),
    ),
    fills: askedFills(columns, definition).map(({ place, strategy, feature }) => ({
      place,
      strategy: feature.type === 'number' || feature.type === 'integer' ? strategy : 'none',
    })),
    unique: checks.unique.map(({ columns: names, action }) => (action === 'off' ? null : names.map(placeOf))),
    asksNearDuplicates: checks.nearDuplicates.action !== 'off',
    asksLabelFlips:
      checks.labelFlips.action !== 'off' &&
      task !== 'ranking' &&
      task !== 'anomaly-detection' &&
      (columns[target]?.categories.length ?? 0) > 0,
    freshnessPlace: freshness && freshness.action !== 'off' ? placeOf(freshness.column) : null,
  };
}

/** What takes the place of a personal text. */
function disguiseRule(feature: string, disguise: Disguise): object {
  if (disguise.kind === 'mask') return disguise;
  const before = hashedBefore(feature);
  if (disguise.kind === 'bucket') return { kind: 'bucket', before, buckets: hashBuckets(disguise.buckets) };
  return { kind: 'hash', before, prefix: hashPrefix(disguise.key), pattern: hashPattern(disguise.key) };
}

function patternOf(text: string): Pattern {
  const pattern = readPattern(text);
  if (typeof pattern === 'string') throw new EvergreenError('definition-invalid', pattern);
  return pattern;
}

/** Patterns and rules in the order that DuckDB's are compiled in. */
function rowChecksOf(
  { data }: ModelDefinition,
  columns: readonly Column[],
  categories: Categories,
): object[] {
  // Compiled for DuckDB as well: it refuses a column that is not there.
  compileRowChecks(data, columns);
  const placeOf = (name: string) => columns.findIndex((column) => column.name === name);
  const { patterns, rules } = data.checks;
  const condition = (asked: Condition) => {
    const { isAny, comparisons } = comparisonsOf(asked);
    return {
      isAny,
      comparisons: comparisons.map(({ column, ...comparison }) => {
        const place = placeOf(column);
        const constant = (value: string | number | boolean) =>
          columns[place]?.type === 'timestamp' ? Date.parse(String(value)) / 1000 : value;
        if ('otherColumn' in comparison) {
          return { place, is: comparison.is, otherPlace: placeOf(comparison.otherColumn) };
        }
        if ('values' in comparison)
          return { place, is: comparison.is, values: comparison.values.map(constant) };
        if ('value' in comparison) return { place, is: comparison.is, value: constant(comparison.value) };
        return { place, is: comparison.is };
      }),
    };
  };
  return [
    ...patterns
      .filter(({ action }) => action !== 'off')
      .map(({ column, pattern, action }) => ({
        check: 'pattern',
        place: placeOf(column),
        program: compilePattern(patternOf(pattern), categories),
        action,
      })),
    ...rules
      .filter(({ action }) => action !== 'off')
      .map(({ when, must, action }) => ({
        check: 'rule',
        when: when ? condition(when) : null,
        must: condition(must),
        action,
      })),
  ];
}
