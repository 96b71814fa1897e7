import * as z from 'zod';
import { cell, row } from '../data/dataset.ts';

/*
 * explanation.json, which a trainer leaves beside training.json and which stays in the package.
 *
 * What is explained is named by `output`: `score` is the predicted label's score, `vote` is 1 where the model gives
 * that label and else 0 (of classifiers without scores), `value` is a regression's. `margin` is a classifier's number
 * before softmax or sigmoid, in log-odds.
 */

export const explainedOutput = z.enum(['score', 'vote', 'value']);

/** A part that could not be made, with the reason. */
const absent = z.object({ reason: z.string() });

const quality = z.enum(['accuracy', 'r2']);

/** By how much a figure falls when a feature's values are shuffled; Breiman 2001. Most important first. */
const importance = z.object({
  metric: quality,
  /** The figure on the same rows, unshuffled. */
  baseline: z.number(),
  rowsFrom: z.enum(['held-back fold', 'train rows']),
  rows: z.int().positive(),
  repeats: z.int().positive(),
  features: z.array(
    z.object({
      feature: z.string(),
      mean: z.number(),
      /** Standard deviation over the repeats; null of a single one. */
      deviation: z.number().nonnegative().nullable(),
    }),
  ),
});

/** How Shapley values were found; `permutation` alone estimates, the others are exact. */
export const shapleyMethod = z.enum(['linear', 'tree', 'enumeration', 'permutation']);
export type ShapleyMethod = z.infer<typeof shapleyMethod>;

/** Mean size of Shapley values over golden rows, on the scale where the model's kind allows exact ones. */
const shapleySummary = z.object({
  output: z.enum(['score', 'vote', 'value', 'margin']),
  method: shapleyMethod,
  rows: z.int().positive(),
  features: z.array(z.object({ feature: z.string(), meanAbsolute: z.number().nonnegative() })),
});

/** Mean answer over rows in which one feature is set to each value of a grid; Friedman 2001. */
const partialDependence = z.object({
  feature: z.string(),
  rows: z.int().positive(),
  grid: z.array(cell),
  /** One curve for each label, or a single one (label null) of a regression; a value for each place of the grid. */
  curves: z.array(z.object({ label: z.string().nullable(), values: z.array(z.number()) })),
});

/** A small decision tree that answers like the model. */
const surrogate = z.object({
  /** Share of equal answers, or R² of a regression, on rows the tree did not learn from. */
  fidelity: z.object({ metric: z.enum(['agreement', 'r2']), value: z.number() }),
  rows: z.int().positive(),
  rules: z.array(
    z.object({
      /** Such as `if petal_length <= 2.45 then setosa`. */
      text: z.string(),
      /** Share of the rows that fall under the rule. */
      share: z.number(),
    }),
  ),
  /** What a missing value counts as in the rules, by feature. */
  missingCountsAs: z.record(z.string(), cell),
});

/** A model people can read, held against the one that is served: on the same folds. */
const twin = z.object({
  algorithm: z.enum(['decision-tree', 'logistic-regression', 'ridge']),
  settings: z.record(z.string(), z.unknown()),
  metric: quality,
  folds: z.int().positive(),
  /** Most rows it learned from in a fold. */
  rows: z.int().positive(),
  score: z.number(),
  modelScore: z.number(),
  /** modelScore - score: what reading the model would cost. */
  price: z.number(),
});

/** What `/explain` needs and is held against. */
const reference = z.object({
  /** Rows that stand for "feature not known". */
  background: z.array(row).min(1),
  /** Orders of the features, each followed by its reverse; used where enumeration would take too long. */
  permutations: z.array(z.array(z.int().nonnegative())),
  /** Golden rows by place, with the contributions found in training. */
  golden: z.array(
    z.object({
      row: z.int().nonnegative(),
      label: z.string().nullable(),
      base: z.number(),
      contributions: z.record(z.string(), z.number()),
    }),
  ),
  method: shapleyMethod,
  /** Greatest difference between a contribution here and one of the serving session. */
  tolerance: z.number().positive(),
});

export const explanation = z.object({
  schema: z.literal('evergreen/explanation/v1'),
  output: explainedOutput,
  importance,
  shapley: shapleySummary,
  partialDependence: z.array(partialDependence),
  surrogate: z.union([surrogate, absent]),
  twin: z.union([twin, absent]),
  reference,
  durationSeconds: z.number(),
});
export type Explanation = z.infer<typeof explanation>;
export type ExplainedOutput = z.infer<typeof explainedOutput>;
