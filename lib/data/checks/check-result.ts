import * as z from 'zod';

const count = z.int().min(0);

/** What data quality is told by, as the field names it. */
export const qualityFamily = z.enum(['accuracy', 'completeness', 'consistency', 'reliability']);
export type QualityFamily = z.infer<typeof qualityFamily>;

export const checkName = z.enum([
  'type',
  'range',
  'category',
  'length',
  'pattern',
  'missing',
  'shape',
  'rule',
  'unique',
  'duplicates',
  'identity',
  'conflicting-labels',
  'freshness',
  'class-balance',
  'constant',
  'leak',
  'shift',
  'label-shift',
  'label-flips',
  'near-duplicates',
  'source-outliers',
  'personal-data',
  'anonymity',
]);

/** What one check found. */
export const checkResult = z.object({
  check: checkName,
  family: qualityFamily,
  /** The column, or the columns parted by commas; null for whole rows or the whole file. */
  column: z.string().nullable(),
  /** What happens when it fails. */
  action: z.enum(['quarantine', 'reject', 'warn']),
  status: z.enum(['passed', 'failed', 'not-judged']),
  /** Rows or cells that break it; null when it is about the whole. */
  count: count.nullable(),
  /** What was measured and what it is held against. */
  value: z.number().nullable(),
  limit: z.number().nullable(),
  message: z.string(),
});
export type CheckResult = z.infer<typeof checkResult>;

/** A family's score, 0 to 1, and how it comes about; null when there was nothing to measure. */
export const familyScore = z.object({
  family: qualityFamily,
  score: z.number().min(0).max(1).nullable(),
  formula: z.string(),
});
export type FamilyScore = z.infer<typeof familyScore>;
