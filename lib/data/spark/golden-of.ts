import type { Column } from '../columns.ts';
import type { Row } from '../dataset.ts';
import { chooseGoldenRows } from '../golden-rows.ts';
import type { CountedOnSpark } from './spark-facts.ts';

/** Golden rows out of the candidates that Spark found. */
export function goldenOf(
  candidates: NonNullable<CountedOnSpark['golden']>,
  columns: readonly Column[],
): Row[] {
  const features = columns.filter(({ role }) => role === 'feature');
  return chooseGoldenRows(
    candidates.map(({ group, values }) => ({
      group,
      row: Object.fromEntries(features.map(({ name }, place) => [name, values[place] ?? null])),
    })),
  );
}
