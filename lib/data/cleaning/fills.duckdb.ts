import type { DuckDBConnection } from '@duckdb/node-api';
import { z } from 'zod';
import type { ModelDefinition } from '../../model/definition.ts';
import type { Feature } from '../../model/features.ts';
import type { Column } from '../columns.ts';
import { select } from '../database.duckdb.ts';
import type { Cell, ColumnProfile } from '../dataset.ts';
import type { OutlierLimit } from './outliers.duckdb.ts';

/** What the missing values of a feature become in the model, learned on train rows. */
export interface Fill {
  column: Column;
  strategy: string;
  value: Cell;
  /** Missing values, on both sides of the split. */
  count: number;
}

/** The strategy of a feature that may be missing; free text is not filled. */
export function strategyOf(feature: Feature): string | undefined {
  if (!feature.mayBeMissing || feature.type === 'text') return undefined;
  if (feature.impute) return feature.impute.strategy;
  return feature.type === 'number' || feature.type === 'integer' ? 'median' : 'mode';
}

/** Learns fills as training/evergreen_training/preprocessing.py does, which puts them into the model's graph. */
export async function learnFills(
  connection: DuckDBConnection,
  columns: readonly Column[],
  { features }: ModelDefinition,
  profiles: Readonly<Record<string, ColumnProfile>>,
  limits: readonly OutlierLimit[],
): Promise<Fill[]> {
  const asked = columns.flatMap((column, place) => {
    const feature = column.role === 'feature' ? features[column.name] : undefined;
    const strategy = feature && strategyOf(feature);
    return feature && strategy ? [{ column, place, feature, strategy }] : [];
  });
  if (asked.length === 0) return [];
  const cells = asked.map(({ place, strategy, feature }) => {
    const clip = limits.find((limit) => limit.place === place && limit.asked?.action === 'clip');
    // Fills are learned of numbers that were moved to their limits.
    const value = clip
      ? // Both pass over what is missing, and would give the limit.
        `CASE WHEN v${place} IS NOT NULL THEN least(greatest(v${place}, ${clip.low.toExponential()}), ${clip.high.toExponential()}) END`
      : `v${place}`;
    if (strategy === 'median')
      return `CAST(median(${value}) FILTER (side = 'train') AS VARCHAR) AS p${place}`;
    if (strategy === 'mean') return `CAST(avg(${value}) FILTER (side = 'train') AS VARCHAR) AS p${place}`;
    // Of equally frequent numbers the least is taken; categories are counted in the profile already.
    if (strategy === 'mode' && isNumber(feature)) {
      return `CAST(mode(${value} ORDER BY ${value}) FILTER (side = 'train') AS VARCHAR) AS p${place}`;
    }
    return `NULL AS p${place}`;
  });
  const missing = asked.map(({ place }) => `count(*) - count(v${place}) AS m${place}`);
  const [found] = await select(
    connection,
    `SELECT ${[...cells, ...missing].join(', ')} FROM placed`,
    z.record(z.string(), z.union([z.string(), z.number()]).nullable()),
  );
  return asked.map(({ column, place, feature, strategy }) => {
    const impute = 'impute' in feature ? feature.impute : undefined;
    const text = found?.[`p${place}`];
    const ofNumbers = text === null || text === undefined ? null : Number(text);
    const learned = isNumber(feature) ? ofNumbers : mostFrequent(profiles[column.name], feature.type);
    return {
      column,
      strategy,
      value: impute?.strategy === 'constant' ? impute.value : learned,
      count: Number(found?.[`m${place}`] ?? 0),
    };
  });
}

function isNumber({ type }: Feature): boolean {
  return type === 'number' || type === 'integer';
}

/** Of equally frequent categories the first of the definition, of booleans false. */
function mostFrequent(profile: ColumnProfile | undefined, type: Feature['type']): Cell {
  if (profile?.type !== 'categorical') return null;
  const counted = Object.entries(profile.counts);
  const most = Math.max(0, ...counted.map(([, count]) => count));
  const name = most === 0 ? undefined : counted.find(([, count]) => count === most)?.[0];
  if (name === undefined) return null;
  return type === 'boolean' ? name === 'true' : name;
}
