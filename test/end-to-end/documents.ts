import * as z from 'zod';
import { run } from '../../lib/intake/run.ts';
import { driftReport } from '../../lib/monitoring/drift-report.ts';
import { live, logEntry, modelVersion } from '../../lib/registry/registry.ts';

/* What the command prints as JSON, as scripts rely on it. */

export const uploaded = z.object({ uploaded: z.boolean(), run: run.nullable() });
export const watched = z.object({ run });
export const runList = z.object({ runs: z.array(run) });
export const versionList = z.object({
  live,
  versions: z.array(modelVersion.extend({ role: z.string().nullable() })),
});
export const shownVersion = modelVersion.extend({
  role: z.string().nullable(),
  trainRows: z.int(),
  heldOutRows: z.int(),
  trainingSeconds: z.number(),
  cost: z.number().nullable(),
  storedCard: z.string().nullable(),
});
export const versionDiff = z.object({
  isSameModel: z.boolean(),
  isSameDataset: z.boolean(),
  definition: z.array(z.unknown()),
  code: z.array(z.unknown()),
  dataset: z.array(z.object({ field: z.string(), a: z.unknown(), b: z.unknown() })),
  metrics: z.array(z.object({ metric: z.string(), a: z.number().nullable(), b: z.number().nullable() })),
});
export const log = z.object({ entries: z.array(logEntry) });
export const answers = z.object({
  replies: z.array(
    z.object({
      predictionId: z.string(),
      version: z.int(),
      modelDigest: z.string(),
      predictions: z.array(z.object({ label: z.string() })),
    }),
  ),
});

/** `drift --now` of a model. */
export const measured = z.object({ report: driftReport });
