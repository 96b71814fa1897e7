import * as z from 'zod';
import type { Column } from '../columns.ts';
import type { Facts } from '../facts.ts';
import type { Measurement } from '../profile-counts.ts';

const count = z.int().min(0);

/** All rows that could be read: cells by bin and by category, `changed` where they were spelled otherwise. */
export const countedBefore = z.object({
  bins: z.array(z.object({ place: count, counts: z.array(count) })),
  categories: z.array(z.object({ place: count, value: z.string(), changed: z.boolean(), count })),
});

/** What DuckDB's counts of the rows that were left out come to (`countsBefore` of lib/data/cleaning). */
export function readCountsBefore(
  before: z.infer<typeof countedBefore> | undefined,
  columns: readonly Column[],
  { profiles }: Measurement,
): Facts['countsBefore'] {
  const bins = new Map(before?.bins.map(({ place, counts }) => [place, counts]));
  const categories = Map.groupBy(before?.categories ?? [], ({ place }) => place);
  return new Map(
    columns.flatMap(({ name }, place): [string, number[]][] => {
      const profile = profiles[name];
      const counts = bins.get(place);
      if (profile?.type !== 'categorical') return profile && counts ? [[name, counts]] : [];
      const asSpelled = (categories.get(place) ?? []).filter(({ changed }) => !changed);
      const byName = new Map(asSpelled.map(({ value, count: many }) => [value, many]));
      return [[name, Object.keys(profile.counts).map((value) => byName.get(value) ?? 0)]];
    }),
  );
}
