import * as z from 'zod';

/** One measurement of a model: monitoring/<model>/<time>.json in the data bucket, and what `evergreen drift` prints. */

export const driftVerdict = z.enum(['drifted', 'stable', 'not enough data']);

const bin = z.object({
  label: z.string(),
  /** Counts of the training rows (or held-out answers) and of the live ones. */
  frozen: z.number(),
  live: z.number(),
});

const judgedTest = z.object({
  test: z.enum(['kolmogorov-smirnov', 'mann-whitney', 'chi-square', 'unseen', 'missing', 'wrong']),
  measure: z.enum(['psi', 'distance', 'share']),
  effect: z.number(),
  limit: z.number(),
  /** As the test gives it, and after Holm over all tests of the measurement. */
  pValue: z.number(),
  adjusted: z.number(),
  isDrift: z.boolean(),
});

/** A feature, or something of the answers. */
export const watched = z.object({
  name: z.string(),
  verdict: driftVerdict,
  reason: z.string(),
  psi: z.number().nullable(),
  tests: z.array(judgedTest),
  bins: z.array(bin),
});
export type WatchedReport = z.infer<typeof watched>;

export const driftLimits = z.object({
  psi: z.number(),
  distance: z.number(),
  share: z.number(),
  missing: z.number(),
  falseAlarms: z.number(),
  leastSample: z.int(),
});

const interval = z.tuple([z.number(), z.number()]);

const versionQuality = z.object({
  version: z.int(),
  sample: z.int(),
  verdict: z.enum(['ok', 'low', 'not enough data']),
  reason: z.string(),
  value: z.number().nullable(),
  /** 95 % interval of `value`. */
  interval: interval.nullable(),
  f1: z.object({ value: z.number(), interval }).nullable(),
});

const explanation = z.object({
  feature: z.string(),
  since: z.string(),
  isFromStart: z.boolean(),
  grown: z.array(z.object({ label: z.string(), trained: z.number(), live: z.number() })),
  hours: z.array(z.object({ hour: z.string(), rows: z.int(), psi: z.number().nullable() })),
  slice: z
    .object({ feature: z.string(), slice: z.string(), share: z.number(), others: z.number() })
    .nullable(),
});
export type ExplanationReport = z.infer<typeof explanation>;

export const driftReport = z.object({
  schema: z.literal('evergreen/drift/v2'),
  model: z.string(),
  measuredAt: z.iso.datetime(),
  champion: z
    .object({
      version: z.int(),
      datasetId: z.string(),
      since: z.iso.datetime(),
      /** Since its dataset was made. */
      dataAgeDays: z.number(),
    })
    .nullable(),
  /** Live rows come from this period, which begins with a whole hour, or when the champion did if that was later. */
  window: z.object({ from: z.iso.datetime(), to: z.iso.datetime() }),
  /** Of the features. */
  verdict: driftVerdict,
  reason: z.string(),
  sample: z.int(),
  /** There was more traffic than is read. */
  isCutOff: z.boolean(),
  /** Hours of the window whose profile was kept from before, and hours that were read. */
  hours: z.object({ kept: z.int(), read: z.int() }),
  limits: driftLimits.nullable(),
  features: z.array(watched),
  /** What is behind each feature that drifted. */
  explanations: z.array(explanation),
  /** What the champion answers, beside what it answered to the held-out rows. */
  outputs: z
    .object({ verdict: driftVerdict, reason: z.string(), sample: z.int(), watched: z.array(watched) })
    .nullable(),
  /** Which features decide the answers, beside training. */
  attributions: z
    .object({
      verdict: z.enum(['changed', 'same', 'not available']),
      reason: z.string(),
      sample: z.int(),
      agreement: z.number().nullable(),
      features: z.array(
        z.object({
          feature: z.string(),
          trained: z.number(),
          live: z.number(),
          trainedRank: z.int(),
          liveRank: z.int(),
        }),
      ),
    })
    .nullable(),
  anomalies: z.array(z.object({ kind: z.enum(['one answer', 'rate']), reason: z.string() })),
  /** How truth and answer hang together, beside the held-out rows. */
  concept: z
    .object({ verdict: driftVerdict, reason: z.string(), sample: z.int(), watched: z.array(watched) })
    .nullable(),
  quality: z
    .object({
      metric: z.enum(['accuracy', 'rmse']),
      limit: z.number().nullable(),
      leastSample: z.int(),
      /** Of the champion. */
      verdict: z.enum(['ok', 'low', 'not enough data']),
      reason: z.string(),
      versions: z.array(versionQuality),
      /** Of the champion, by the slices of its gate. */
      slices: z.array(
        z.object({
          feature: z.string(),
          slice: z.string(),
          sample: z.int(),
          value: z.number().nullable(),
          interval: interval.nullable(),
          evaluated: z.number().nullable(),
        }),
      ),
    })
    .nullable(),
  /** How content people were with the champion's answers. */
  thumbs: z.object({ up: z.int(), down: z.int(), downShare: z.number().nullable() }).nullable(),
  /** What the model cost in the last 24 hours, in USD; null where nothing is live, and in reports of earlier releases. */
  cost: z
    .object({
      predictions: z.number(),
      captures: z.number(),
      training: z.number(),
      total: z.number(),
      unpriced: z.array(z.string()),
      limit: z.number(),
    })
    .nullable()
    .default(null),
  /** Quality without labels; null where there is no way to estimate it, as of a regression. */
  estimate: z
    .object({
      verdict: z.enum(['ok', 'low', 'not trusted', 'not enough data']),
      reason: z.string(),
      sample: z.int(),
      accuracy: z.number().nullable(),
      interval: interval.nullable(),
      f1: z.number().nullable(),
      /** Area under the ROC curve, of two classes. */
      auc: z.object({ value: z.number(), interval }).nullable().default(null),
      doubts: z.array(z.string()),
      reconciliation: z
        .object({
          sample: z.int(),
          estimated: z.number(),
          actual: z.number(),
          isContradicted: z.boolean(),
        })
        .nullable(),
    })
    .nullable(),
});
export type DriftReport = z.infer<typeof driftReport>;

export function reportKeys(model: string, measuredAt: string): { json: string; html: string } {
  const base = `monitoring/${model}/${measuredAt}`;
  return { json: `${base}.json`, html: `${base}.html` };
}
