import type { ModelDefinition } from '../../model/definition.ts';
import type { Feature } from '../../model/features.ts';
import type { Column } from '../columns.ts';
import type { Cell, ColumnProfile } from '../dataset.ts';

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

/** A feature whose missing values are filled, and how. */
export interface AskedFill {
  column: Column;
  place: number;
  feature: Feature;
  strategy: string;
}

export function askedFills(columns: readonly Column[], { features }: ModelDefinition): AskedFill[] {
  return columns.flatMap((column, place) => {
    const feature = column.role === 'feature' ? features[column.name] : undefined;
    const strategy = feature && strategyOf(feature);
    return feature && strategy ? [{ column, place, feature, strategy }] : [];
  });
}

/**
 * The fill of a feature.
 *
 * @param learned Of numbers: what was learned on train rows.
 * @param count Missing values.
 */
export function fillOf(
  { column, strategy, feature }: AskedFill,
  learned: number | null,
  count: number,
  profile: ColumnProfile | undefined,
): Fill {
  const impute = 'impute' in feature ? feature.impute : undefined;
  const value = isNumber(feature) ? learned : mostFrequent(profile, feature.type);
  return { column, strategy, value: impute?.strategy === 'constant' ? impute.value : value, count };
}

export function isNumber({ type }: Feature): boolean {
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
