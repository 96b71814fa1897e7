import * as z from 'zod';
import { dataChecks } from './data-checks.ts';
import { feature, personalDataClass } from './features.ts';

const share = z.number().min(0).max(1);

/** A column of the file that checks read and the model does not. */
export const readColumn = z.union([
  feature,
  z.strictObject({
    /** ISO 8601; without an offset it is taken as UTC. */
    type: z.literal('timestamp'),
    description: z.string().optional(),
    mayBeMissing: z.boolean().default(false),
    personalData: personalDataClass.default('none'),
  }),
]);

/** Which files make a dataset, and how. */
export const dataPolicy = z.strictObject({
  formats: z
    .array(z.enum(['csv', 'parquet', 'jsonl']))
    .min(1)
    .default(['csv', 'parquet', 'jsonl']),
  /** Columns of the file that checks read and the model does not. */
  columns: z.record(z.string().min(1), readColumn).default({}),
  /** Share of rows that may be quarantined before the whole file is rejected. */
  maxRejectedShare: share.default(0.02),
  minRows: z.int().positive().default(20),
  /** Exact duplicates: counted and kept, or counted and dropped after the first. */
  duplicates: z.enum(['keep', 'drop']).default('drop'),
  /** Rows of one identity: all are kept, or the first or last of them. */
  keyDuplicates: z.enum(['keep', 'first', 'last']).default('keep'),
  /** How long what was uploaded is kept; datasets that are in use are never destroyed. @default for good */
  retention: z
    .strictObject({
      /** Days after which uploads move to a storage class that is cheaper and still read at once. */
      archiveUploadsAfterDays: z.int().min(1).max(36_500).optional(),
      /** Days after which uploads, and in further seven their older versions, are deleted. */
      expireUploadsAfterDays: z.int().min(1).max(36_500).optional(),
      /** Days after which `evergreen data destroy --expired` destroys a dataset, with a certificate in the log. */
      destroyDatasetsAfterDays: z.int().min(1).max(36_500).optional(),
    })
    .optional(),
  checks: dataChecks.prefault({}),
  split: z
    .discriminatedUnion('method', [
      z.strictObject({ method: z.literal('hash'), testShare: share.default(0.2) }),
      z.strictObject({
        method: z.literal('seeded'),
        testShare: share.default(0.2),
        seed: z.int().min(0).max(4_294_967_295),
      }),
    ])
    .default({ method: 'hash', testShare: 0.2 }),
});

export type DataPolicy = z.infer<typeof dataPolicy>;
