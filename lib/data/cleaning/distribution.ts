import * as z from 'zod';

const count = z.int().min(0);

const columnSummary = z.object({
  rows: count,
  missing: count,
  min: z.number().nullable(),
  max: z.number().nullable(),
  mean: z.number().nullable(),
});

export type ColumnSummary = z.infer<typeof columnSummary>;

const distributionSide = z.object({
  /** Cells in each bin, or of each value. */
  counts: z.array(count),
  /** Cells that are in none: no value of the column, another category, or one that is spelled otherwise. */
  other: count,
  missing: count,
});

const distribution = z.object({
  type: z.enum(['numeric', 'categorical', 'text']),
  /** Of numbers, and of texts' lengths: inner edges of the bins, the deciles of the training rows. The outer bins are open. */
  edges: z.array(z.number()),
  /** Of categories: at most 100. */
  values: z.array(z.string()),
  /** All rows that could be read; null where rows of small groups are left out, since the difference would tell of them. */
  before: distributionSide.nullable(),
  /** The rows of the dataset as the model takes them: what is missing filled, outliers moved to their limits. */
  after: distributionSide,
});
export type Distribution = z.infer<typeof distribution>;

/** One column when it came, and when a model takes it. */
export const columnBeforeAndAfter = z.object({
  column: z.string(),
  before: columnSummary,
  after: columnSummary.nullable(),
  /** Null of personal data, and where no row is left to train on. */
  distribution: distribution.nullable().default(null),
});
export type ColumnBeforeAndAfter = z.infer<typeof columnBeforeAndAfter>;
