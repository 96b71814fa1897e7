import * as z from 'zod';
import { row } from '../data/dataset.ts';

/** Sides of a candidate, by its place in an A/B test; the first is that of a canary, too. */
export const candidateVariants = ['candidate', 'candidate-2', 'candidate-3', 'candidate-4'] as const;

/** Which side of what is live answered; the previous champion only when it is asked for by its number. */
export const variant = z.enum(['champion', ...candidateVariants, 'previous']);
export type Variant = z.infer<typeof variant>;

export const variantOf = ({ arm = 1 }: { arm?: number | undefined }): Variant =>
  candidateVariants[arm - 1] ?? 'candidate';

/** The same as records have it: what a runner without a network answered is of no side of the live traffic. */
export const recordedVariant = z.enum([...variant.options, 'edge']);

export const prediction = z.union([
  z.object({ label: z.string(), scores: z.record(z.string(), z.number()).optional() }),
  z.object({ value: z.number() }),
]);
export type Prediction = z.infer<typeof prediction>;

/**
 * One answered request. The serving function writes it to its log as one JSON line, together with its metrics;
 * a subscription of the log carries it on, so that capture never holds up or fails a reply.
 */
export const predictionRecord = z.object({
  kind: z.literal('prediction'),
  predictionId: z.string(),
  traceId: z.string(),
  model: z.string(),
  /** A text in the log line, since metrics have no other dimension values; a number everywhere else. */
  version: z.coerce.number().pipe(z.int()),
  modelDigest: z.string(),
  datasetId: z.string(),
  variant: recordedVariant,
  at: z.iso.datetime(),
  latencyMs: z.number(),
  /** Asked for by its number: no part of the traffic that versions are judged by. */
  isPinned: z.boolean().optional(),
  /** Whose requests stay on one side of a rollout, as a hash that another rollout does not share. */
  caller: z.string().optional(),
  /** Without the features that hold personal data. */
  rows: z.array(row),
  predictions: z.array(prediction),
  /** Rows at the end of the request that did not fit into the log line, left out of `rows` and `predictions`. */
  rowsDropped: z.int().min(0).optional(),
});
export type PredictionRecord = z.infer<typeof predictionRecord>;
