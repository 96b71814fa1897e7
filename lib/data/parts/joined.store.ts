import type { S3Client } from '@aws-sdk/client-s3';
import { readDocument } from '../../shared/objects.ts';
import type { ValidationRequest } from '../dataset.ts';
import { type JoinOutcome, joinOutcome } from './parts.ts';

/** What became of the files of an upload; null of an upload that is one file. */
export async function readJoined(
  { joinedKey }: ValidationRequest,
  { s3, bucket }: { s3: S3Client; bucket: string },
): Promise<JoinOutcome | null> {
  return joinedKey ? readDocument(s3, { bucket, key: joinedKey }, joinOutcome) : null;
}
