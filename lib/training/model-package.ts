import * as z from 'zod';
import { row } from '../data/dataset.ts';

/*
 * What a trainer leaves in SM_MODEL_DIR, and so in model.tar.gz:
 *
 *   model.onnx      takes and gives what model/signature.ts says
 *   golden.json     the golden rows with the answers of the Python model
 *   training.json   what was trained, how, and the trainer's own figures
 *   state.json      of trainers that can learn on: numbers to continue from, no code
 *
 * and where the definition asks for 8-bit weights, and the model has some:
 *
 *   model.int8.onnx    the same with 8-bit weights
 *   golden.int8.json   the golden rows with the answers of that file
 */

export const goldenAnswers = z.object({
  schema: z.literal('evergreen/golden/v1'),
  rows: z.array(row).min(1),
  /** Classifiers: the label of each row; scores in the order of the target's categories when the model has them. */
  labels: z.array(z.string()).nullable(),
  scores: z.array(z.array(z.number())).nullable(),
  /** Regressors: the value of each row. */
  values: z.array(z.number()).nullable(),
  /** Greatest difference between a score or value here and the serving session's. */
  tolerance: z.number().positive(),
});
export type GoldenAnswers = z.infer<typeof goldenAnswers>;

/** Mean losses over the rows after each epoch, thinned evenly to a thousand points; plotted in the model card. */
export const learningCurve = z.object({
  /** Name of the loss: `log loss`, or `mean squared error` in squared units of the target. */
  loss: z.string(),
  /** Why training ended; `one pass` for an update by micro-batches, whose points are batches. */
  ended: z.enum(['converged', 'early stopping', 'epochs', 'one pass']),
  points: z
    .array(z.object({ epoch: z.int(), trainLoss: z.number(), validationLoss: z.number().nullable() }))
    .min(1),
});
export type LearningCurve = z.infer<typeof learningCurve>;

/** What a trainer needs to learn on; only trainers read its numbers. */
export const trainingState = z.looseObject({ schema: z.literal('evergreen/training-state/v1') });

/** The version a trainer went on from. */
export const continuedFrom = z.object({
  version: z.int().positive(),
  packageDigest: z.string(),
  mode: z.enum(['warm start', 'online']),
});

/** What a training with noise spent. Scores are on a fifth of the train rows, before the model of all rows. */
export const privacyRecord = z.object({
  epsilon: z.number().positive(),
  delta: z.number().positive(),
  clipNorm: z.number().positive(),
  /** Deviation of the noise on a step's sum of gradients, in units of clipNorm. */
  noiseMultiplier: z.number().positive(),
  /** Share of the rows that a step looks at. */
  sampleRate: z.number().positive().max(1),
  steps: z.int().positive(),
  /** From more private to less; null is without noise. */
  scoreByEpsilon: z.array(z.object({ epsilon: z.number().positive().nullable(), score: z.number() })),
});
export type PrivacyRecord = z.infer<typeof privacyRecord>;

/** The parties that trained a version together. */
export const federation = z.object({
  parties: z.array(z.object({ name: z.string(), rows: z.int().positive() })).min(2),
  rounds: z.int().positive(),
  localEpochs: z.int().positive(),
});

/** The file with 8-bit weights beside the full one, or why there is none. */
export const quantisationRecord = z.union([
  z.object({
    kind: z.literal('int8'),
    /** Matrices with 8-bit weights, and weights in them. */
    matrices: z.int().positive(),
    weights: z.int().positive(),
    bytes: z.int().positive(),
    fullBytes: z.int().positive(),
  }),
  z.object({ kind: z.literal('int8'), reason: z.string() }),
]);

export const trainingRecord = z.object({
  schema: z.literal('evergreen/training/v1'),
  algorithm: z.string(),
  hyperparameters: z.record(z.string(), z.unknown()),
  seed: z.number(),
  rows: z.int(),
  /** The trainer's figures, such as train_score and validation_score (mean over the folds). */
  metrics: z.record(z.string(), z.number()),
  folds: z.array(z.number()),
  durationSeconds: z.number(),
  libraries: z.record(z.string(), z.string()),
  learningCurve: learningCurve.optional(),
  continuedFrom: continuedFrom.optional(),
  /** Then `rows` are those the model was held against, which no party learned from. */
  federation: federation.optional(),
  privacy: privacyRecord.optional(),
  quantisation: quantisationRecord.optional(),
});
export type TrainingRecord = z.infer<typeof trainingRecord>;
