import { ListObjectsV2Command, type S3Client } from '@aws-sdk/client-s3';
import { type PredictionRecord, predictionRecord } from '../inference/prediction-record.ts';
import { readBytes } from '../shared/objects.ts';
import { capturePrefix } from './capture.ts';

const hourMs = 3_600_000;
const readsAtOnce = 16;

async function keysOfHour(s3: S3Client, bucket: string, prefix: string): Promise<string[]> {
  const keys: string[] = [];
  let token: string | undefined;
  do {
    const page = await s3.send(
      new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix, ContinuationToken: token }),
    );
    keys.push(...(page.Contents ?? []).flatMap(({ Key }) => (Key === undefined ? [] : [Key])));
    token = page.NextContinuationToken;
  } while (token !== undefined);
  // Names begin with the time.
  return keys.sort().reverse();
}

/**
 * The newest captured predictions of a model since a time, each once and newest first, until `most` requests are
 * together. Hours without traffic cost a listing: a period is at most some days long.
 */
export async function readNewestCaptures(
  s3: S3Client,
  bucket: string,
  model: string,
  period: { from: Date; to: Date },
  most: number,
): Promise<PredictionRecord[]> {
  const found = new Map<string, PredictionRecord>();
  const firstHour = Math.floor(period.from.getTime() / hourMs) * hourMs;
  for (let hour = period.to.getTime(); hour >= firstHour && found.size < most; hour -= hourMs) {
    const keys = await keysOfHour(s3, bucket, capturePrefix(model, new Date(hour)));
    for (let index = 0; index < keys.length && found.size < most; index += readsAtOnce) {
      const chunk = keys.slice(index, index + readsAtOnce);
      const objects = await Promise.all(chunk.map((key) => readBytes(s3, { bucket, key })));
      const lines = objects.flatMap((bytes) => (bytes ? new TextDecoder().decode(bytes).split('\n') : []));
      for (const line of lines.filter(Boolean)) {
        const record = predictionRecord.parse(JSON.parse(line));
        const at = Date.parse(record.at);
        if (at >= period.from.getTime() && at <= period.to.getTime()) found.set(record.predictionId, record);
      }
    }
  }
  return [...found.values()].sort((a, b) => b.at.localeCompare(a.at)).slice(0, most);
}
