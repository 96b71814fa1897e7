import * as z from 'zod';
import { mostArms } from '../model/ab-test.ts';
import { digest } from '../shared/digest.ts';

/*
 * The registry table holds, below pk MODEL#<model>:
 *
 *   LIVE                          what takes traffic: the one item serving reads
 *   VERSION#<number, 8 digits>    an immutable version
 *   LOG#<time>#<revision>         one line of the promotion log
 *   REQUEST#<run id>              makes registration idempotent
 *   RESULT#<dataset>#<definition> the version a dataset and definition led to
 *   COUNTER                       the last version number given away
 */

/** One side of the traffic; everything needed to load it, so that serving reads one item. */
export const liveVersion = z.object({
  version: z.int().positive(),
  /** Prefix in the model bucket: packages/<model>/<package digest>/ */
  packagePrefix: z.string(),
  packageDigest: digest,
  modelDigest: digest,
  datasetId: z.string(),
  since: z.iso.datetime(),
});
export type LiveVersion = z.infer<typeof liveVersion>;

/** A part of all that is drawn, in percent: from `from` to below `to`. */
export const span = z.object({ from: z.number().min(0).max(100), to: z.number().min(0).max(100) });
export type Span = z.infer<typeof span>;

/** A version on trial. `weight` is its share in percent. */
export const candidate = liveVersion.extend({
  weight: z.number().min(0).max(100),
  runId: z.string(),
  /** When it got this weight, if not at `since`. */
  weightSince: z.iso.datetime().optional(),
  /** What stays on one side during its rollout; requests where nothing is said. */
  stickyBy: z.enum(['request', 'caller']).optional(),
  /** Which of an A/B test it is, in the order of joining, unless the first. Nobody gets the number of one that left. */
  arm: z.int().min(2).max(mostArms).optional(),
  /** Where its share lies among all that is drawn. @default - from 0 to its weight */
  spans: z.array(span).optional(),
});
export type Candidate = z.infer<typeof candidate>;

/** What takes traffic; `revision` grows with every change. */
export const live = z.object({
  model: z.string(),
  champion: liveVersion.nullable(),
  candidate: candidate.nullable(),
  /** Candidates of an A/B test beside `candidate`, if there are any. */
  arms: z.array(candidate).optional(),
  /** An A/B test that others may join: who is drawn for whom goes by `id`, the run of its first candidate. */
  test: z
    .object({
      id: z.string(),
      /** Most candidates in its whole life, fixed when it began: they share the chance of a false verdict. */
      arms: z.int().min(2).max(mostArms),
      /** How many joined so far, with those that left. */
      joined: z.int().positive(),
    })
    .optional(),
  /** The champion before this one: where a rollback goes. */
  previous: liveVersion.nullable(),
  /** Versions that were champion before `previous`, newest first; at most 20. */
  earlier: z.array(z.int().positive()).default([]),
  revision: z.int().min(0),
  /** Revision made by the last rollback; a run that began before it must not undo it. */
  rolledBackAtRevision: z.int().min(0),
  updatedAt: z.iso.datetime(),
});
export type Live = z.infer<typeof live>;

export const lineage = z.object({
  runId: z.string(),
  datasetId: z.string(),
  datasetManifestKey: z.string(),
  definitionDigest: digest,
  codeDigest: digest,
  trainingJobName: z.string(),
  parentVersion: z.int().positive().nullable(),
});
export type Lineage = z.infer<typeof lineage>;

/** Where a version was registered first that was imported: the deployment, its number there, and whose signature it had. */
export const versionOrigin = z.object({
  stack: z.string(),
  account: z.string(),
  region: z.string(),
  version: z.int().positive(),
  /** SHA-256 of the public key that the package was signed with there. */
  signedBy: digest,
});
export type VersionOrigin = z.infer<typeof versionOrigin>;

export const modelVersion = z.object({
  model: z.string(),
  version: z.int().positive(),
  packagePrefix: z.string(),
  packageDigest: digest,
  modelDigest: digest,
  lineage,
  metrics: z.record(z.string(), z.number()),
  author: z.string(),
  createdAt: z.iso.datetime(),
  importedFrom: versionOrigin.optional(),
});
export type ModelVersion = z.infer<typeof modelVersion>;

export const logAction = z.enum([
  'registered',
  'imported',
  'approved',
  'rejected',
  'canary-started',
  'canary-widened',
  'promoted',
  'candidate-withdrawn',
  'rolled-back',
  'alarm-judged',
  'retrain-asked',
  'rows-erased',
  'data-destroyed',
]);

/** One line of the promotion log: who changed what is live, why, when. */
export const logEntry = z.object({
  model: z.string(),
  at: z.iso.datetime(),
  revision: z.int().min(0),
  action: logAction,
  version: z.int().positive().nullable(),
  championBefore: z.int().positive().nullable(),
  championAfter: z.int().positive().nullable(),
  who: z.string(),
  why: z.string(),
  details: z.record(z.string(), z.unknown()).default({}),
});
export type LogEntry = z.infer<typeof logEntry>;

/** packages/<model>/<package digest>/manifest.json: each file's digest; the package digest is that of this document. */
export const packageManifest = z.object({
  schema: z.literal('evergreen/package/v1'),
  model: z.string(),
  files: z.record(z.string(), z.object({ sha256: digest, bytes: z.int().min(0) })),
  lineage,
});
export type PackageManifest = z.infer<typeof packageManifest>;

export const partitionKey = (model: string) => `MODEL#${model}`;
export const versionKey = (version: number) => `VERSION#${String(version).padStart(8, '0')}`;

/** A model nothing was promoted of yet. */
export function neverLive(model: string, at: string): Live {
  return {
    model,
    champion: null,
    candidate: null,
    previous: null,
    earlier: [],
    revision: 0,
    rolledBackAtRevision: 0,
    updatedAt: at,
  };
}

/** A version as it stands in the LIVE item. */
export function toLiveVersion(version: ModelVersion, since: string): LiveVersion {
  const { packagePrefix, packageDigest, modelDigest, lineage } = version;
  return {
    version: version.version,
    packagePrefix,
    packageDigest,
    modelDigest,
    datasetId: lineage.datasetId,
    since,
  };
}
