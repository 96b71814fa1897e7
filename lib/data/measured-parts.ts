import type { Column } from './columns.ts';
import type { DatasetProfile } from './dataset.ts';

/** With more classes each has too few rows to say what a column tells of it. */
export const mostParted = 50;

/** Edges of the champion's profile, by column: the train rows are counted over them as well. */
export function otherEdgesOf(
  columns: readonly Column[],
  earlier: DatasetProfile | null,
): Map<string, readonly number[]> {
  const target = columns.find(({ role }) => role === 'target');
  const known = Object.entries({
    ...earlier?.features,
    ...(target && earlier ? { [target.name]: earlier.target } : {}),
  });
  return new Map(
    known.flatMap(([name, profile]) => (profile.type === 'categorical' ? [] : [[name, profile.edges]])),
  );
}
