import * as z from 'zod';
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
  /** Rows that truly are of the class. */
  support: z.int().min(0),
  /** 95 % intervals by bootstrap. */
  intervals: z.record(z.string(), interval),
});

/** What the scores of a classifier look like beside the truth. */
const curves = z.object({
  /** Points (false positive rate, true positive rate) of each class against the rest; of two classes the second alone. */
  roc: z.array(z.object({ class: z.string(), points: z.array(z.tuple([z.number(), z.number()])) })),
  /** Ten bins of the greatest score: its mean, and the share of right labels. */
  calibration: z.array(
    z.object({ rows: z.int().min(0), confidence: z.number().nullable(), accuracy: z.number().nullable() }),
  ),
});

/** One version on the held-out rows. */
export const versionEvaluation = z.object({
  /** Null while it is a candidate. */
  version: z.int().positive().nullable(),
  modelDigest: digest,
  metrics: z.record(z.string(), figure),
  /** 95 % intervals of the metrics, by bootstrap. */
  intervals: z.record(z.string(), interval),
  perClass: z.record(z.string(), classFigures).nullable(),
  /** Rows by true class, columns by predicted class, in the order of `classes`. */
  confusion: z.array(z.array(z.int().min(0))).nullable(),
  /** Null without scores. */
  curves: curves.nullable(),
  /** The answers in the order of the rows; null for more than 10,000 rows. */
  answers: z.array(z.union([z.string(), z.number()])).nullable(),
});
export type VersionEvaluation = z.infer<typeof versionEvaluation>;

export const comparisonVerdict = z.enum([
  'better',
  'not-worse',
  'worse',
  /** Too few rows to tell. */
  'not-enough-data',
  /** A figure is missing or not a number. */
  'not-measured',
]);

/** Candidate against champion on the same rows. */
export const comparison = z.object({
  metric: z.string(),
  margin: z.number(),
  /** Rows compared: those of the held-out ones that neither version was trained on. */
  rows: z.int().min(0),
  /** Held-out rows left out, since one of the versions was trained on them or nobody knows. */
  leftOut: z.int().min(0),
  candidate: figure,
  champion: figure,
  /** How much better the candidate is, in units of the metric; negative when it is worse. */
  gain: figure,
  /** Of the gain, by paired bootstrap. */
  standardError: figure,
  test: z.enum(['mcnemar-exact', 'paired-bootstrap']),
  /** Two-sided: how likely so large a difference is between equals. */
  pValue: figure,
  /** 95 % interval of the gain, by paired bootstrap. */
  interval: interval.nullable(),
  verdict: comparisonVerdict,
});
export type Comparison = z.infer<typeof comparison>;

/** The rows of one part by a feature. Figures are null when there are too few rows. */
export const sliceEvaluation = z.object({
  feature: z.string(),
  slice: z.string(),
  rows: z.int().min(0),
  metrics: z.record(z.string(), figure).nullable(),
  intervals: z.record(z.string(), interval).nullable(),
  /** Null without a champion that can be compared. */
  comparison: comparison.nullable(),
});
export type SliceEvaluation = z.infer<typeof sliceEvaluation>;

/** The greatest difference between any two of the groups; null with fewer than two that have enough rows. */
const groupGap = z.object({ value: figure, interval: interval.nullable(), groups: z.array(z.string()) });

export const groupEvaluation = z.object({
  feature: z.string(),
  favourable: z.string(),
  groups: z.array(
    z.object({
      name: z.string(),
      rows: z.int().min(0),
      /** Rows that truly are favourable. */
      favourableRows: z.int().min(0),
      /** Share of favourable answers. */
      selectionRate: figure,
      /** The same among the rows that truly are favourable. */
      truePositiveRate: figure,
    }),
  ),
  gaps: z.object({ demographic_parity: groupGap, equal_opportunity: groupGap }),
});
export type GroupEvaluation = z.infer<typeof groupEvaluation>;

/** The candidate on held-out rows that were disturbed; `drop` is by how much the metric got worse. */
export const robustnessEvaluation = z.object({
  metric: z.string(),
  /** Held-out rows that were disturbed: the first 2,000. */
  rows: z.int().min(0),
  undisturbed: figure,
  disturbances: z.array(
    z.object({
      kind: z.enum(['noise', 'missing', 'units']),
      /** The one feature that was disturbed; null for all that can be. */
      feature: z.string().nullable(),
      /** Noise as a share of the standard deviation, share of values taken away, or factor. */
      amount: z.number(),
      value: figure,
      drop: figure,
      /** Share of the disturbed rows that serving would refuse as out of range. */
      refusedShare: z.number(),
    }),
  ),
});
export type RobustnessEvaluation = z.infer<typeof robustnessEvaluation>;

export const gateCheck = z.object({
  rule: z.enum(['measured', 'limit', 'champion', 'slice', 'group', 'robustness']),
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

const weighedFile = z.object({ modelDigest: digest, bytes: z.int().positive(), value: figure });

/** The file with 8-bit weights beside the full one, on the same held-out rows. */
export const quantisationEvaluation = z.object({
  kind: z.literal('int8'),
  metric: z.string(),
  /** By how much the metric may get worse, in its units. */
  mostLoss: z.number(),
  full: weighedFile,
  /** Null when there is no such file, or it cannot be loaded or answer. */
  quantised: weighedFile.nullable(),
  /** By how much the metric is worse; negative when it is better. */
  loss: figure,
  /** 95 % interval of the loss, by paired bootstrap. */
  interval: interval.nullable(),
  /** Which file the version serves: the quantised one, or the full one since the other was refused or is not there. */
  verdict: z.enum(['served', 'refused', 'none']),
  /** The verdict in words. */
  reason: z.string(),
});
export type QuantisationEvaluation = z.infer<typeof quantisationEvaluation>;

export const evaluationDocument = z.object({
  schema: z.literal('evergreen/evaluation/v2'),
  model: z.string(),
  datasetId: z.string(),
  definitionDigest: digest,
  /** Rows that were judged. */
  rows: z.int().min(0),
  /** Rows that the dataset holds out. Where they are more, those judged are a sample of them; not there in earlier documents. */
  heldOutRows: z.int().min(0).optional(),
  classes: z.array(z.string()).nullable(),
  /** The true answers in the order of the rows; null for more than 10,000 rows. */
  truth: z.array(z.union([z.string(), z.number()])).nullable(),
  candidate: versionEvaluation,
  champion: versionEvaluation.nullable(),
  comparison: comparison.nullable(),
  slices: z.array(sliceEvaluation),
  groups: z.array(groupEvaluation),
  robustness: robustnessEvaluation,
  gate: gateOutcome,
  /** Null when the definition asks for full precision. */
  quantisation: quantisationEvaluation.nullable().default(null),
});
export type EvaluationDocument = z.infer<typeof evaluationDocument>;

/** Where not all held-out rows were judged. */
export function sampleText(judged: number, heldOut: number): string {
  return `a sample of ${judged} of the ${heldOut} held-out rows`;
}

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
