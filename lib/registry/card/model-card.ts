import * as z from 'zod';
import { evaluationDocument, versionEvaluation } from '../../evaluation/evaluation.ts';
import { task } from '../../model/algorithms.ts';
import { feature, target } from '../../model/features.ts';
import { card } from '../../model/policies.ts';
import { digest } from '../../shared/digest.ts';
import { explanation } from '../../training/explanation.ts';
import {
  continuedFrom,
  federation,
  learningCurve,
  privacyRecord,
  trainingRecord,
} from '../../training/model-package.ts';
import { lineage, modelVersion, versionKey } from '../registry.ts';

/*
 * What lies below cards/<model>/<version, 8 digits>/ in the model bucket. It is made from the version's item and its
 * package alone, so it can be made again at any time, byte for byte:
 *
 *   card.json   the document below
 *   card.html   the same as one page
 *   bom.json    the same as a CycloneDX bill of materials
 */

/** What only people can say; null where nobody said it. */
const statement = z.string().nullable();

export const versionCost = z.object({
  /** Of the job that made the version, or of all trials of the searches that found it. */
  trainingSeconds: z.number(),
  /** Trials that are counted; null when no search found the version. */
  trials: z.int().nullable(),
  /** Each was busy for all of the seconds. */
  instances: z.int(),
  instanceType: z.string(),
  /** Of one instance, in the currency of the definition; null when it gives none. */
  pricePerHour: z.number().nullable(),
  money: z.number().nullable(),
});
export type VersionCost = z.infer<typeof versionCost>;

export const modelCard = z.object({
  schema: z.literal('evergreen/model-card/v1'),
  ...modelVersion.pick({ model: true, version: true, author: true, createdAt: true }).shape,
  description: statement,
  task,
  statements: z.record(z.enum(card.keyof().options), statement),
  digests: z.object({ model: digest, package: digest, definition: digest, code: digest }),
  lineage: lineage.pick({ runId: true, trainingJobName: true, parentVersion: true }).extend({
    packagePrefix: z.string(),
    /** The version whose weights training began with. */
    continuedFrom: continuedFrom.nullable(),
  }),
  data: z.object({
    ...lineage.pick({ datasetId: true, datasetManifestKey: true }).shape,
    /** Of a federation the rows of all its parties, which are no part of the dataset. */
    trainRows: z.int(),
    heldOutRows: z.int(),
    /** Of them those that it was judged by, where that was a sample. */
    judgedRows: z.int().optional(),
    /** In the order of the tensors' columns. */
    features: z.array(z.object({ name: z.string(), feature })),
    target,
  }),
  training: z.object({
    ...trainingRecord.pick({ algorithm: true, hyperparameters: true, seed: true, libraries: true }).shape,
    /** The Python file that was run. */
    program: z.string(),
    /** The trainer's own figures. */
    figures: trainingRecord.shape.metrics,
    learningCurve: learningCurve.nullable(),
    /** What training with noise spent; null of a training without. */
    privacy: privacyRecord.nullable(),
    /** The parties that trained it together, each on its own rows; null of a training in one place. */
    federation: federation.nullable(),
    search: z
      .object({ strategy: z.string(), metric: z.string(), goal: z.string(), best: z.number().nullable() })
      .nullable(),
  }),
  cost: versionCost,
  /** What the definition holds it to, before it is registered and while it serves. */
  limits: z.object({
    /** Least value of each metric; of errors the greatest. */
    metrics: z.record(z.string(), z.number()),
    /** Of live answers with labels; null when the definition sets none. */
    liveQuality: z.object({ metric: z.string(), limit: z.number() }).nullable(),
    driftPsi: z.number(),
    /** What else counts as drift: a number's distance, changes of shares, of missing values. */
    drift: z.object({ distance: z.number(), share: z.number(), missing: z.number() }),
    /** Share of live predictions that are kept and watched. */
    captured: z.number(),
    errorShare: z.number(),
    p99LatencyMs: z.number(),
  }),
  /** On the held-out rows. */
  evaluation: z.object({
    ...versionEvaluation.pick({
      metrics: true,
      intervals: true,
      perClass: true,
      confusion: true,
      curves: true,
    }).shape,
    ...evaluationDocument.pick({
      classes: true,
      comparison: true,
      slices: true,
      groups: true,
      robustness: true,
      gate: true,
      quantisation: true,
    }).shape,
    /** True and predicted value of a regression, at most a thousand rows; null of anything else. */
    points: z.array(z.tuple([z.number(), z.number()])).nullable(),
  }),
  /** Null when the trainer explains nothing. */
  importance: explanation.shape.importance.nullable(),
});
export type ModelCard = z.infer<typeof modelCard>;

export const cardFileNames = ['card.json', 'card.html', 'bom.json'] as const;
export type CardFileName = (typeof cardFileNames)[number];

export function cardPrefix(model: string, version: number): string {
  return `cards/${model}/${versionKey(version).replace('VERSION#', '')}/`;
}
