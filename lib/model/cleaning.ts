import * as z from 'zod';

/*
 * How values of a feature are cleaned. What is learned for it is learned on train rows alone and lies in the model's
 * graph, so that a request is cleaned as the train rows were; what is not learned is done before the model, by the same
 * rule for uploads and requests.
 */

/** What a missing number becomes. @default the median, of a boolean the more frequent value */
export const imputeNumber = z.discriminatedUnion('strategy', [
  z.strictObject({ strategy: z.enum(['median', 'mean', 'mode']) }),
  z.strictObject({ strategy: z.literal('constant'), value: z.number() }),
]);

export const imputeBoolean = z.discriminatedUnion('strategy', [
  z.strictObject({ strategy: z.literal('mode') }),
  z.strictObject({ strategy: z.literal('constant'), value: z.boolean() }),
]);

/** What a missing category becomes. @default the most frequent */
export const imputeCategory = z.discriminatedUnion('strategy', [
  z.strictObject({ strategy: z.literal('mode') }),
  z.strictObject({ strategy: z.literal('constant'), value: z.string() }),
]);

/** Numbers far from the others: beyond the quartiles by a number of their distances, or from the mean by deviations. */
export const outliers = z.strictObject({
  method: z.enum(['iqr', 'z-score']).default('iqr'),
  /** @default 1.5 quartile distances, 3 standard deviations */
  factor: z.number().positive().optional(),
  /** Counts them; moves them to the limit, in the model's graph; or puts their rows aside, as ones that cannot be used. */
  action: z.enum(['flag', 'clip', 'quarantine']).default('flag'),
});
export type Outliers = z.infer<typeof outliers>;

/** How far from the middle an outlier begins. */
export function outlierFactor({ method, factor }: Outliers): number {
  return factor ?? (method === 'iqr' ? 1.5 : 3);
}
