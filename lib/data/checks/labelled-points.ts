import * as z from 'zod';
import type { Column } from '../columns.ts';
import type { LabelledPoints } from './label-flips.ts';

/** A train row that is held against others: numbers in deviations from their mean, and categories as texts. */
export const sampledLabel = z.object({
  label: z.string(),
  numbers: z.array(z.number().nullable()),
  texts: z.array(z.string().nullable()),
});

/**
 * Sampled rows as points.
 *
 * @param categories Of the target.
 * @param others The columns of `texts`, in their order.
 */
export function labelledPoints(
  rows: readonly z.infer<typeof sampledLabel>[],
  categories: readonly string[],
  others: readonly Column[],
): LabelledPoints {
  const codes = others.map((column) => {
    const names = column.type === 'boolean' ? ['false', 'true'] : column.categories;
    return new Map(names.map((name, code) => [name, code]));
  });
  const labels = new Map(categories.map((name, code) => [name, code]));
  // Whether a number is missing is told by a code of its own, in columns where any is.
  const isGappy = (rows[0]?.numbers ?? []).map((_, place) => rows.some((row) => row.numbers[place] === null));
  return {
    numbers: Float64Array.from(rows.flatMap((row) => row.numbers.map((value) => value ?? 0))),
    codes: Int32Array.from(
      rows.flatMap((row) => [
        ...row.texts.map((text, place) => codes[place]?.get(text ?? '') ?? -1),
        ...row.numbers.flatMap((value, place) => (isGappy[place] ? [Number(value === null)] : [])),
      ]),
    ),
    labels: Int32Array.from(rows, ({ label }) => labels.get(label) ?? -1),
  };
}
