import * as z from 'zod';
import { sourceObject } from '../../data/dataset.ts';
import { modelVersion } from '../../registry/registry.ts';
import { digest, sha256 } from '../../shared/digest.ts';

/*
 * A batch is one file answered by one version. Below batches/<model>/<batch id>/ of the data bucket:
 *
 *   input/input.<format>   the file as it came
 *   rows/<n>.parquet       its rows, read, checked and cut into parts of one size
 *   rows/manifest.json     which parts there are and what they were made of; written after them
 *   parts/<n>.parquet      the answers to one part; its metadata say to which part, by which package
 *   result/result.parquet  all answers, in the order of the file
 *   result/summary.json    what became of the file; written last
 *
 * The id is a hash of file and version, and every object is a function of both: whatever is there already stays.
 */

const count = z.int().min(0);

/** As a folder of a validation may be: more is refused before it is uploaded. */
export const largestInputBytes = 2 * 1024 ** 3;

/** Seconds for a function that reads them, and enough work to be worth its start. */
export const rowsOfOnePart = 10_000;

/** What the state machine is started with. */
export const batchRequest = z.strictObject({
  model: z.string(),
  version: z.int().positive(),
  batchId: z.string(),
  input: sourceObject,
  /** Of the file. */
  sha256: digest,
});
export type BatchRequest = z.infer<typeof batchRequest>;

/** The version that answers a batch, to be opened as serving opens it. */
export const pinnedVersion = modelVersion
  .pick({ model: true, version: true, packagePrefix: true, packageDigest: true, modelDigest: true })
  .extend({ batchId: z.string() });
export type PinnedVersion = z.infer<typeof pinnedVersion>;

/** A stretch of the file's rows, as an object of its own. */
export const batchPart = z.object({ n: count, key: z.string(), sha256: digest, bytes: count, rows: count });
export type BatchPart = z.infer<typeof batchPart>;

export const batchManifest = pinnedVersion.extend({
  schema: z.literal('evergreen/batch/v1'),
  input: sourceObject.extend({ sha256: digest, bytes: count, format: z.enum(['csv', 'parquet', 'jsonl']) }),
  rows: count,
  /** Columns of the file that the model does not read, at most 100. */
  ignoredColumns: z.array(z.string()),
  parts: z.array(batchPart).min(1),
  createdAt: z.iso.datetime(),
});
export type BatchManifest = z.infer<typeof batchManifest>;

/** What planning answers; that a file is refused is an expected outcome. */
export const planOutcome = z.discriminatedUnion('outcome', [
  z.object({ outcome: z.literal('planned'), batch: pinnedVersion, manifestKey: z.string(), parts: count }),
  z.object({ outcome: z.literal('refused'), reason: z.string() }),
]);
export type PlanOutcome = z.infer<typeof planOutcome>;

export const partRequest = z.object({ batch: pinnedVersion, part: batchPart });
export type PartRequest = z.infer<typeof partRequest>;

export const collectRequest = pinnedVersion.extend({ startedAt: z.iso.datetime(), reusedParts: count });
export type CollectRequest = z.infer<typeof collectRequest>;

/** result/summary.json */
export const batchSummary = pinnedVersion.extend({
  schema: z.literal('evergreen/batch-summary/v1'),
  input: batchManifest.shape.input,
  rows: count,
  answered: count,
  /** Rows without an answer; the column `error` says why. */
  refused: count,
  /** The first of them. */
  refusedFirst: z.array(z.object({ row: count, error: z.string() })),
  ignoredColumns: z.array(z.string()),
  parts: count,
  /** Parts that an earlier execution had answered. */
  reusedParts: count,
  /** How the ids in the result are made. */
  idRule: z.string(),
  result: z.object({ key: z.string(), sha256: digest, bytes: count }),
  /** Of the execution that wrote this. */
  startedAt: z.iso.datetime(),
  endedAt: z.iso.datetime(),
  seconds: z.number(),
});
export type BatchSummary = z.infer<typeof batchSummary>;

/** How an execution ends. */
export const batchOutcome = z.discriminatedUnion('outcome', [
  z.object({ outcome: z.literal('answered'), summaryKey: z.string() }),
  z.object({ outcome: z.literal('refused'), reason: z.string() }),
]);

/** Changed whenever the same file and version would be answered otherwise, or laid down otherwise, than before. */
const layout = 1;

/** Of the same file and version it is the same. */
export function batchIdOf(
  { model, version, packageDigest }: Pick<PinnedVersion, 'model' | 'version' | 'packageDigest'>,
  fileSha256: string,
  inputName: string,
): string {
  return `b-${sha256([layout, model, version, packageDigest, fileSha256, inputName].join(':')).slice(0, 20)}`;
}

export const idRule = (batchId: string) => `${batchId}-<row>`;

/** Keys of one batch in the data bucket. */
export function batchKeys({ model, batchId }: Pick<PinnedVersion, 'model' | 'batchId'>) {
  const folder = `batches/${model}/${batchId}/`;
  const numbered = (n: number) => `${String(n).padStart(5, '0')}.parquet`;
  return {
    input: (name: string) => `${folder}input/${name}`,
    rowsFolder: `${folder}rows/`,
    rows: (n: number) => `${folder}rows/${numbered(n)}`,
    manifest: `${folder}rows/manifest.json`,
    part: (n: number) => `${folder}parts/${numbered(n)}`,
    result: `${folder}result/result.parquet`,
    summary: `${folder}result/summary.json`,
  };
}
