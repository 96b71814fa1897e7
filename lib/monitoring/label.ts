import * as z from 'zod';

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
  /** The labels it took the place of, oldest first; the last {@link maxReplaced} of them. */
  replaced: z.array(z.object({ label: labelValue, labelledAt: z.iso.datetime() })),
  expiresAt: z.int(),
});
export type Label = z.infer<typeof label>;

/** A label as it is given: what came before it is not known yet. */
export type GivenLabel = Omit<Label, 'corrections' | 'replaced' | 'expiresAt'>;

export const maxReplaced = 20;

/** A label that takes the place of another, or of none. */
export function replaceLabel(before: Label | undefined, given: GivenLabel, expiresAt: number): Label {
  if (!before) return { ...given, corrections: 0, replaced: [], expiresAt };
  const { label, labelledAt, corrections } = before;
  return {
    ...given,
    corrections: corrections + 1,
    replaced: [...before.replaced, { label, labelledAt }].slice(-maxReplaced),
    expiresAt,
  };
}

/** Whether a person was content with the answer to one row. It is no truth: nothing is learned from it. */
export const thumb = z.object({
  predictionId: z.string(),
  row: z.int().min(0),
  thumb: z.enum(['up', 'down']),
  model: z.string(),
  givenAt: z.iso.datetime(),
  expiresAt: z.int(),
});
export type Thumb = z.infer<typeof thumb>;
export type GivenThumb = Omit<Thumb, 'expiresAt'>;

/** How a label stands to what was known before. */
export type LabelEffect = 'new' | 'repeated' | 'corrected';

/** Identifies a row of a prediction. */
export function labelId({ predictionId, row }: { predictionId: string; row: number }): string {
  return `${predictionId}#${row}`;
}
