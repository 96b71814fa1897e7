import { z } from 'zod';

export const labelValue = z.union([z.string().min(1).max(1000), z.number()]);

/** What turned out to be true of one row of a prediction. */
export const label = z.object({
  predictionId: z.string(),
  row: z.int().min(0),
  label: labelValue,
  model: z.string(),
  labelledAt: z.iso.datetime(),
  /** How often it was replaced by a different one. */
  corrections: z.int().min(0),
  expiresAt: z.int(),
});
export type Label = z.infer<typeof label>;

/** How a label stands to what was known before. */
export type LabelEffect = 'new' | 'repeated' | 'corrected';

/** Identifies a row of a prediction. */
export function labelId({ predictionId, row }: { predictionId: string; row: number }): string {
  return `${predictionId}#${row}`;
}
