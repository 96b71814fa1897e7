import * as z from 'zod';

/*
 * What must hold between the columns of one row, as data: it is compiled to SQL with parameters, never written as SQL.
 */

const order = z.enum(['<', '<=', '=', '!=', '>=', '>']);
const value = z.union([z.string(), z.number(), z.boolean()]);

/** A column against another column. */
const betweenColumns = z.strictObject({ column: z.string(), is: order, otherColumn: z.string() });
/** A column against one value. */
const againstValue = z.strictObject({ column: z.string(), is: order, value });
const amongValues = z.strictObject({
  column: z.string(),
  is: z.enum(['in', 'not in']),
  values: z.array(value).min(1),
});
const presence = z.strictObject({ column: z.string(), is: z.enum(['missing', 'present']) });

const comparison = z.union([betweenColumns, againstValue, amongValues, presence]);
export type ComparisonOfRow = z.infer<typeof comparison>;

/** One comparison, or several of which all or any must hold. */
export const condition = z.union([
  comparison,
  z.strictObject({ all: z.array(comparison).min(1) }),
  z.strictObject({ any: z.array(comparison).min(1) }),
]);
export type Condition = z.infer<typeof condition>;

/** The comparisons of a condition, and whether one of them is enough. */
export function comparisonsOf(asked: Condition): { isAny: boolean; comparisons: ComparisonOfRow[] } {
  if ('all' in asked) return { isAny: false, comparisons: asked.all };
  if ('any' in asked) return { isAny: true, comparisons: asked.any };
  return { isAny: false, comparisons: [asked] };
}
