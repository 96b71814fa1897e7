import { gunzipSync } from 'node:zlib';
import * as z from 'zod';
import { type PredictionRecord, predictionRecord } from '../inference/prediction-record.ts';
import { EvergreenError } from '../shared/errors.ts';

/** What CloudWatch Logs hands to a subscribed function: gzip in base64. */
export const logSubscription = z.object({ awslogs: z.object({ data: z.string() }) });
export type LogSubscription = z.infer<typeof logSubscription>;

const logEvents = z.object({
  messageType: z.string(),
  logEvents: z.array(z.object({ id: z.string(), message: z.string() })),
});

/** A stolen or broken writer must not fill the memory: a delivery of CloudWatch Logs is far smaller. */
const maxDecodedBytes = 64 * 1024 * 1024;

export interface CapturedBatch {
  records: PredictionRecord[];
  /** Lines that were meant as predictions but cannot be read: cut off, or of another shape. */
  dropped: number;
  /** Ids of the log events, in order: the same delivery has the same ids. */
  eventIds: string[];
}

type Line = PredictionRecord | 'dropped' | 'foreign';

function readLine(message: string): Line {
  const text = message.trim();
  // START, END and REPORT lines of the platform share the stream.
  if (!text.startsWith('{')) return 'foreign';
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    return 'dropped';
  }
  const kind = z.object({ kind: z.literal('prediction') }).safeParse(content);
  if (!kind.success) return 'foreign';
  const record = predictionRecord.safeParse(content);
  return record.success ? record.data : 'dropped';
}

/**
 * The predictions of one delivery of a log subscription, each once.
 *
 * @throws EvergreenError `request-invalid` when the delivery is not one of CloudWatch Logs.
 */
export function readLogSubscription(event: LogSubscription): CapturedBatch {
  let content: unknown;
  try {
    const bytes = gunzipSync(Buffer.from(event.awslogs.data, 'base64'), {
      maxOutputLength: maxDecodedBytes,
    });
    content = JSON.parse(bytes.toString('utf8'));
  } catch (cause) {
    throw new EvergreenError('request-invalid', 'the log delivery is not gzip of JSON in base64', { cause });
  }
  const delivery = logEvents.safeParse(content);
  if (!delivery.success) {
    throw new EvergreenError('request-invalid', 'the log delivery has no log events', {
      cause: delivery.error,
    });
  }
  // CloudWatch Logs sends control messages to see whether the function answers.
  if (delivery.data.messageType !== 'DATA_MESSAGE') return { records: [], dropped: 0, eventIds: [] };

  const events = delivery.data.logEvents;
  const lines = events.map(({ message }) => readLine(message));
  const records = lines.filter((line): line is PredictionRecord => typeof line !== 'string');
  return {
    records: [...new Map(records.map((record) => [record.predictionId, record])).values()],
    dropped: lines.filter((line) => line === 'dropped').length,
    eventIds: events.map(({ id }) => id),
  };
}
