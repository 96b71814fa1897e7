import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { EvergreenError, messageOf } from './errors.ts';

/** A file of this machine. */
export interface LocalFile {
  path: string;
  bytes: number;
  sha256: string;
}

/**
 * Reads a file through.
 *
 * @throws EvergreenError `file-unreadable`.
 */
export async function digestFile(path: string, signal?: AbortSignal): Promise<LocalFile> {
  const hash = createHash('sha256');
  let bytes = 0;
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20, signal })) {
      hash.update(chunk);
      bytes += chunk.length;
    }
  } catch (thrown) {
    if (signal?.aborted === true) throw thrown;
    throw new EvergreenError('file-unreadable', `cannot read ${path}: ${messageOf(thrown)}`, {
      cause: thrown,
    });
  }
  return { path, sha256: hash.digest('hex'), bytes };
}

/** Writes a file as an object without taking it into memory; S3 holds it against its digest. @returns Its version. */
export async function putFile(
  s3: S3Client,
  { bucket, key }: { bucket: string; key: string },
  { path, bytes, sha256 }: LocalFile,
  contentType: string,
): Promise<string | undefined> {
  const { VersionId } = await s3.send(
    new PutObjectCommand({
      Bucket: bucket,
      Key: key,
      Body: createReadStream(path),
      ContentLength: bytes,
      ContentType: contentType,
      Metadata: { sha256 },
      ChecksumSHA256: Buffer.from(sha256, 'hex').toString('base64'),
    }),
  );
  return VersionId;
}
