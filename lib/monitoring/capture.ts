import * as z from 'zod';
import { row } from '../data/dataset.ts';
import { type PredictionRecord, prediction, recordedVariant } from '../inference/prediction-record.ts';
import { sha256 } from '../shared/digest.ts';
import type { CapturedBatch } from './log-subscription.ts';

/** Predictions of one model and hour, as they go into one object. */
export interface CaptureObject {
  key: string;
  /** JSON lines, one prediction record each. */
  body: string;
}

/** What the predictions table keeps of a prediction. Large content lies in the object alone. */
export const receipt = z.object({
  predictionId: z.string(),
  traceId: z.string(),
  model: z.string(),
  version: z.int(),
  modelDigest: z.string(),
  datasetId: z.string(),
  variant: recordedVariant,
  at: z.iso.datetime(),
  /** As in the record: what an A/B test counts by. */
  isPinned: z.boolean().optional(),
  caller: z.string().optional(),
  /** Rows that were asked; the last of a very large request may not be captured. */
  rowCount: z.int().min(0),
  content: z.object({ rows: z.array(row), predictions: z.array(prediction) }).nullable(),
  objectKey: z.string(),
  /** Seconds since 1970. DynamoDB deletes late: readers compare it with the time. */
  expiresAt: z.int(),
});
export type Receipt = z.infer<typeof receipt>;

/** A receipt whose content was fetched from its object when it was too large for the table. */
export type FullReceipt = Receipt & { content: NonNullable<Receipt['content']> };

export const keptDays = 90;
const maxInlineBytes = 100_000;
const secondsOfDay = 86_400;

/** Seconds since 1970 after which what was written at a time is no longer kept. */
export function expiryOf(at: string): number {
  return Math.floor(Date.parse(at) / 1000) + keptDays * secondsOfDay;
}

/** The folder of an hour, in UTC. */
export function capturePrefix(model: string, at: Date): string {
  const [day = '', time = ''] = at.toISOString().split('T');
  return `captures/${model}/dt=${day}/hour=${time.slice(0, 2)}/`;
}

function compactTime(at: string): string {
  return new Date(at).toISOString().replace(/[-:.]/g, '');
}

function toReceipt(record: PredictionRecord, objectKey: string): Receipt {
  const { kind: _, latencyMs: __, ...kept } = record;
  const { rowsDropped = 0, rows, predictions, ...facts } = kept;
  const content = { rows, predictions };
  const isSmall = Buffer.byteLength(JSON.stringify(content)) <= maxInlineBytes;
  return {
    ...facts,
    rowCount: rows.length + rowsDropped,
    content: isSmall ? content : null,
    objectKey,
    expiresAt: expiryOf(record.at),
  };
}

/**
 * Where a batch of predictions goes. A batch that is delivered again gives the same keys and items, so it overwrites
 * itself; names begin with the time, so that the newest of an hour come last in a listing.
 */
export function planCapture(batch: CapturedBatch): { objects: CaptureObject[]; receipts: Receipt[] } {
  const batchId = sha256(batch.eventIds.join('\n')).slice(0, 16);
  const byPrefix = Map.groupBy(batch.records, (record) => capturePrefix(record.model, new Date(record.at)));
  const objects: CaptureObject[] = [];
  const receipts: Receipt[] = [];
  for (const [prefix, records] of byPrefix) {
    const first = records.map((record) => compactTime(record.at)).sort()[0] ?? '';
    const key = `${prefix}${first}-${batchId}.jsonl`;
    objects.push({ key, body: records.map((record) => `${JSON.stringify(record)}\n`).join('') });
    receipts.push(...records.map((record) => toReceipt(record, key)));
  }
  return { objects, receipts };
}
