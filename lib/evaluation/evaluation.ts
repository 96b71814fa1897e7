import { z } from 'zod';
import { digest } from '../shared/digest.ts';

/*
 * packages/<model>/<package digest>/evaluation.json: how a candidate, and the champion of that time, answered the
 * held-out rows of the candidate's dataset, and what the gate made of it. It holds no times, so that the same inputs
 * give the same document.
 */

const interval = z.object({ low: z.number(), high: z.number() });
/** Null stands for a figure that is not a number. */
const figure = z.number().nullable();

const classFigures = z.object({
  precision: z.number(),
  recall: z.number(),
  f1: z.number(),
  support: z.int().min(0),
});

/** One version on the held-out rows. */
export const versionEvaluation = z.object({
  /** Null while it is a candidate. */
  version: z.int().positive().nullable(),
  modelDigest: digest,
  metrics: z.record(z.string(), figure),
  /** 95 % intervals of the main metrics, by bootstrap. */
  intervals: z.record(z.string(), interval),
  perClass: z.record(z.string(), classFigures).nullable(),
  /** Rows by true class, columns by predicted class, in the order of `classes`. */
  confusion: z.array(z.array(z.int().min(0))).nullable(),
  /** The answers in the order of the rows; null for more than 10,000 rows. */
  answers: z.array(z.union([z.string(), z.number()])).nullable(),
});
export type VersionEvaluation = z.infer<typeof versionEvaluation>;

export const comparisonVerdict = z.enum([
  'better',
  'not-worse',
  'worse',
  /** Too few rows to tell better from chance; it is not worse by more than the margin. */
  'not-enough-data',
  /** A figure is missing or not a number. */
  'not-measured',
]);

/** Candidate against champion on the same rows. */
export const comparison = z.object({
  metric: z.string(),
  margin: z.number(),
  candidate: figure,
  champion: figure,
  /** How much better the candidate is, in units of the metric; negative when it is worse. */
  gain: figure,
  test: z.enum(['mcnemar-exact', 'paired-bootstrap']),
  /** Two-sided: how likely so large a difference is between equals. */
  pValue: figure,
  /** 95 % interval of the gain, by paired bootstrap. */
  interval: interval.nullable(),
  verdict: comparisonVerdict,
});
export type Comparison = z.infer<typeof comparison>;

export const gateCheck = z.object({
  rule: z.enum(['measured', 'limit', 'champion']),
  metric: z.string().nullable(),
  isPassed: z.boolean(),
  message: z.string(),
});
export type GateCheck = z.infer<typeof gateCheck>;

export const gateOutcome = z.object({
  verdict: z.enum(['pass', 'fail']),
  /** Why: what was refused, or all that was held. */
  reasons: z.array(z.string()),
  checks: z.array(gateCheck),
});
export type GateOutcome = z.infer<typeof gateOutcome>;

export const evaluationDocument = z.object({
  schema: z.literal('evergreen/evaluation/v1'),
  model: z.string(),
  datasetId: z.string(),
  definitionDigest: digest,
  rows: z.int().min(0),
  classes: z.array(z.string()).nullable(),
  /** The true answers in the order of the rows; null for more than 10,000 rows. */
  truth: z.array(z.union([z.string(), z.number()])).nullable(),
  candidate: versionEvaluation,
  champion: versionEvaluation.nullable(),
  comparison: comparison.nullable(),
  gate: gateOutcome,
});
export type EvaluationDocument = z.infer<typeof evaluationDocument>;

/** What the Evaluate state hands on. Without a package the candidate was refused before it could be evaluated. */
export const candidateOutcome = z.object({
  verdict: z.enum(['pass', 'fail']),
  reasons: z.array(z.string()),
  packagePrefix: z.string().nullable(),
  packageDigest: digest.nullable(),
  modelDigest: digest.nullable(),
  metrics: z.record(z.string(), z.number()),
  championVersion: z.int().positive().nullable(),
});
export type CandidateOutcome = z.infer<typeof candidateOutcome>;
