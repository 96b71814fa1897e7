import type { ModelDefinition } from '../../model/definition.ts';
import { type Column, dataColumns } from '../columns.ts';
import type { ColumnProfile } from '../dataset.ts';
import type { BinCounts, Measurement } from '../profile-counts.ts';

/** Counts of the cells that were spelled otherwise than their category, by column and category. */
export type Respelled = ReadonlyMap<string, ReadonlyMap<string, number>>;

/**
 * Columns of which a report may tell what they were before: none with personal values, and none at all where rows of small
 * groups are suppressed, since what they hold is the difference.
 */
export function columnsShownBefore(columns: readonly Column[], { privacy }: ModelDefinition): Column[] {
  if (privacy.anonymity?.action === 'suppress') return [];
  return dataColumns(columns).filter(({ isPersonal }) => !isPersonal);
}

/** Columns with categories that a file may spell in several ways. What is made coarser is coarser before, too. */
export function spelledColumns(shown: readonly Column[]): Column[] {
  return shown.filter(
    ({ type, normalise, keep }) => type === 'category' && normalise !== undefined && keep === undefined,
  );
}

export function respelledOf(
  found: readonly { place: number; value: string; count: number }[],
  columns: readonly Column[],
): Respelled {
  const byPlace = Map.groupBy(found, ({ place }) => place);
  return new Map(
    [...byPlace].map(([place, values]) => [
      columns[place]?.name ?? '',
      new Map(values.map(({ value, count }) => [value, count])),
    ]),
  );
}

/** The cells of a profile's bins, or of its categories in their order. */
export function countsIn(profile: ColumnProfile): number[] {
  return profile.type === 'categorical' ? Object.values(profile.counts) : profile.counts;
}

/**
 * Counts of all rows that could be read over the bins of the profiles: those of the dataset and those left out. A cell that
 * was spelled otherwise than its category is in none.
 */
export function countsBefore(
  { profiles, onBothSides }: Pick<Measurement, 'profiles' | 'onBothSides'>,
  leftOut: ReadonlyMap<string, BinCounts>,
  respelled: Respelled,
): Map<string, number[]> {
  return new Map(
    [...onBothSides].map(([name, { counts }]) => {
      const more = leftOut.get(name)?.counts;
      const all = counts.map((count, bin) => count + (more?.[bin] ?? 0));
      return [name, withoutRespelled(all, profiles[name], respelled.get(name))];
    }),
  );
}

/** Counts over the categories of a profile without the cells that were spelled otherwise. */
export function withoutRespelled(
  counts: readonly number[],
  profile: ColumnProfile | undefined,
  respelled: ReadonlyMap<string, number> | undefined,
): number[] {
  const names = profile?.type === 'categorical' ? Object.keys(profile.counts) : [];
  return counts.map((count, place) => count - (respelled?.get(names[place] ?? '') ?? 0));
}
