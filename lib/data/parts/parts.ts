import * as z from 'zod';
import { digest } from '../../shared/digest.ts';
import { sourceObject } from '../dataset.ts';

/*
 * While the files of an upload are read and joined, this lies below parts/<model>/<run>/ of the data bucket:
 *
 *   plan.json         which versions of which objects are meant
 *   read/<n>.json     what was found in one of them
 *   read/<n>.rows     its rows as they are joined: without byte order mark, and but for the first without header
 *   joined.json       which object they became and which lines of it are whose; or why they became none
 *
 * The joined upload itself lies below rewritten/, where erasure, retention and exports look, and starts no run.
 */

const count = z.int().min(0);

export interface PartLimits {
  /** One function reads a file, and one makes one of Parquet files. */
  maxPartBytes: number;
  /** One function copies what they hold together; over the limit of a function it is examined by Spark. */
  maxTotalBytes: number;
}

export const partLimits: PartLimits = { maxPartBytes: 2 * 1024 ** 3, maxTotalBytes: 8 * 1024 ** 3 };

/** One file of an upload. */
export const plannedPart = z.object({
  n: count,
  name: z.string(),
  key: z.string(),
  versionId: z.string(),
  bytes: count,
  /** As the manifest has it. */
  sha256: digest.nullable(),
});
export type PlannedPart = z.infer<typeof plannedPart>;

export const partsPlan = z.object({ parts: z.array(plannedPart) });
export type PartsPlan = z.infer<typeof partsPlan>;

/** What is wrong with a file, or with the upload when it is no single file's. Line 0 means the whole of it. */
export const partProblem = z.object({ name: z.string(), line: count, message: z.string() });
export type PartProblem = z.infer<typeof partProblem>;

const readable = z.object({
  outcome: z.literal('readable'),
  n: count,
  sha256: digest,
  rows: count,
  /** Names of a CSV file's header, or names and types of a Parquet file's columns; of JSON lines there are none. */
  header: z.array(z.string()).nullable(),
  /** What is to be joined: lines of text and their digest, and how many lines of the file were left out before. */
  text: z.object({ lines: count, skipped: count, bytes: count, sha256: digest }).nullable(),
});
export const partReading = z.discriminatedUnion('outcome', [
  readable,
  z.object({ outcome: z.literal('unreadable'), n: count, problem: partProblem }),
]);
export type PartReading = z.infer<typeof partReading>;

/** Which lines of the joined upload are a file's: its line `skipped + 1` is line `firstLine` there. */
export const joinedPart = z.object({
  name: z.string(),
  key: z.string(),
  versionId: z.string(),
  firstLine: count,
  lines: count,
  skipped: count,
});
export type JoinedPart = z.infer<typeof joinedPart>;

export const joinOutcome = z.discriminatedUnion('outcome', [
  z.object({
    outcome: z.literal('joined'),
    manifest: sourceObject,
    source: sourceObject,
    parts: z.array(joinedPart),
  }),
  z.object({ outcome: z.literal('refused'), manifest: sourceObject, problems: z.array(partProblem).min(1) }),
]);
export type JoinOutcome = z.infer<typeof joinOutcome>;

/** What the state machine is started with. */
export const partsRequest = z.object({
  runId: z.string(),
  model: z.string(),
  definitionDigest: digest,
  /** The manifest. */
  source: sourceObject,
});
export type PartsRequest = z.infer<typeof partsRequest>;

export const readPartRequest = partsRequest.extend({ part: plannedPart });
export type ReadPartRequest = z.infer<typeof readPartRequest>;

/** Keys of one run's parts in the data bucket. */
export function partsKeys({ model, runId }: Pick<PartsRequest, 'model' | 'runId'>) {
  const folder = `parts/${model}/${runId}/`;
  const numbered = (n: number) => `${folder}read/${String(n).padStart(5, '0')}`;
  return {
    plan: `${folder}plan.json`,
    reading: (n: number) => `${numbered(n)}.json`,
    rows: (n: number) => `${numbered(n)}.rows`,
    joined: `${folder}joined.json`,
  };
}
