import { z } from 'zod';

/** One measurement of a model: monitoring/<model>/<time>.json in the data bucket, and what `evergreen drift` prints. */

const driftVerdict = z.enum(['drifted', 'stable', 'not enough data']);

const bin = z.object({
  label: z.string(),
  /** Counts of the training rows and of the live rows. */
  frozen: z.number(),
  live: z.number(),
});

const versionQuality = z.object({
  version: z.int(),
  sample: z.int(),
  verdict: z.enum(['ok', 'low', 'not enough data']),
  reason: z.string(),
  value: z.number().nullable(),
  /** 95 % interval of `value`. */
  interval: z.tuple([z.number(), z.number()]).nullable(),
});

export const driftReport = z.object({
  schema: z.literal('evergreen/drift/v1'),
  model: z.string(),
  measuredAt: z.iso.datetime(),
  champion: z.object({ version: z.int(), datasetId: z.string(), since: z.iso.datetime() }).nullable(),
  /** Live rows come from this period, which begins when the champion did or later. */
  window: z.object({ from: z.iso.datetime(), to: z.iso.datetime() }),
  verdict: driftVerdict,
  reason: z.string(),
  sample: z.int(),
  /** There was more traffic than is read; the newest rows were. */
  isCutOff: z.boolean(),
  limits: z.object({ psi: z.number(), leastSample: z.int() }).nullable(),
  features: z.array(
    z.object({
      name: z.string(),
      verdict: driftVerdict,
      reason: z.string(),
      psi: z.number().nullable(),
      chance: z.number().nullable(),
      bins: z.array(bin),
    }),
  ),
  quality: z
    .object({
      metric: z.enum(['accuracy', 'rmse']),
      limit: z.number().nullable(),
      leastSample: z.int(),
      /** Of the champion. */
      verdict: z.enum(['ok', 'low', 'not enough data']),
      reason: z.string(),
      versions: z.array(versionQuality),
    })
    .nullable(),
});
export type DriftReport = z.infer<typeof driftReport>;

export function reportKeys(model: string, measuredAt: string): { json: string; html: string } {
  const base = `monitoring/${model}/${measuredAt}`;
  return { json: `${base}.json`, html: `${base}.html` };
}
