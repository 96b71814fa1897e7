import * as z from 'zod';
import { imputeBoolean, imputeCategory, imputeNumber, outliers } from './cleaning.ts';
import { generaliseCategory, generaliseNumber } from './generalise.ts';
import { normaliseText, units } from './normalise.ts';

export const personalDataClass = z.enum(['none', 'identifier', 'contact', 'sensitive']);

const described = {
  description: z.string().optional(),
  mayBeMissing: z.boolean().default(false),
  personalData: personalDataClass.default('none'),
};

const numeric = {
  ...described,
  unit: z.string().optional(),
  min: z.number().optional(),
  max: z.number().optional(),
  /** Units that cells of an upload may carry; requests send bare numbers. */
  units: units.optional(),
  impute: imputeNumber.optional(),
  outliers: outliers.optional(),
  generalise: generaliseNumber.optional(),
};

const categories = z
  .array(z.string().min(1))
  .min(2)
  .refine((names) => new Set(names).size === names.length, 'name each category once');

/** A range nothing can lie in would reject every row. */
function checkRange(
  { min, max }: { min?: number | undefined; max?: number | undefined },
  context: z.RefinementCtx,
): void {
  if (min === undefined || max === undefined || min <= max) return;
  context.addIssue({ code: 'custom', path: ['max'], message: `${max} is below min, which is ${min}` });
}

/** What one column of the data is, and which values it may hold. `min` and `max` are inclusive. */
export const feature = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('number'), ...numeric }).superRefine(checkRange),
  z.strictObject({ type: z.literal('integer'), ...numeric }).superRefine(checkRange),
  z.strictObject({ type: z.literal('boolean'), ...described, impute: imputeBoolean.optional() }),
  z.strictObject({
    type: z.literal('category'),
    ...described,
    categories,
    /** Of uploads and of requests alike. */
    normalise: normaliseText.optional(),
    impute: imputeCategory.optional(),
    generalise: generaliseCategory.optional(),
  }),
  z.strictObject({ type: z.literal('text'), ...described, maxLength: z.int().positive().default(10_000) }),
]);

export type Feature = z.infer<typeof feature>;

/** What is to be predicted: a category for the classification tasks, a number for regression. */
export const target = z.discriminatedUnion('type', [
  z.strictObject({
    name: z.string().min(1),
    type: z.literal('category'),
    categories,
    normalise: normaliseText.optional(),
    description: z.string().optional(),
  }),
  z
    .strictObject({
      name: z.string().min(1),
      type: z.literal('number'),
      min: z.number().optional(),
      max: z.number().optional(),
      unit: z.string().optional(),
      description: z.string().optional(),
    })
    .superRefine(checkRange),
]);

export type Target = z.infer<typeof target>;

/** Features that travel as numbers; all others travel as text. */
export function isNumeric(candidate: Feature): boolean {
  return candidate.type === 'number' || candidate.type === 'integer' || candidate.type === 'boolean';
}
