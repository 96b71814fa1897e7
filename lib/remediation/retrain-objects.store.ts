import { PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import type { SourceObject } from '../data/dataset.ts';
import { EvergreenError } from '../shared/errors.ts';

/** Writes rows and answers the very version that was written, so that a run reads no other. */
export async function writeVersionedRows(
  s3: S3Client,
  bucket: string,
  key: string,
  body: string,
): Promise<SourceObject> {
  const { VersionId } = await s3.send(
    new PutObjectCommand({ Bucket: bucket, Key: key, Body: body, ContentType: 'application/x-ndjson' }),
  );
  if (VersionId !== undefined) return { bucket, key, versionId: VersionId };
  throw new EvergreenError('internal', `bucket ${bucket} keeps no versions; turn versioning on`);
}
