import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import { GetObjectCommand, HeadObjectCommand, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { EvergreenError } from '../../shared/errors.ts';
import { sourceGone } from '../source.store.ts';

interface Location {
  bucket: string;
  key: string;
}

/** Puts a file of rows, held against its digest by S3. */
export async function putRows(
  s3: S3Client,
  { bucket, key }: Location,
  { path, bytes, sha256 }: { path: string; bytes: number; sha256: string },
): Promise<void> {
  await s3.send(
    new PutObjectCommand({
      Bucket: bucket,
      Key: key,
      Body: createReadStream(path),
      ContentLength: bytes,
      ContentType: 'text/plain; charset=utf-8',
      ChecksumSHA256: Buffer.from(sha256, 'hex').toString('base64'),
    }),
  );
}

/**
 * Hands on the bytes of such a file.
 *
 * @throws EvergreenError `artifact-damaged` when they have another digest, after they were handed on.
 */
export async function copyRows(
  s3: S3Client,
  { bucket, key }: Location,
  expected: string,
  take: (bytes: Uint8Array) => Promise<void>,
): Promise<void> {
  const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
  const hash = createHash('sha256');
  if (Body instanceof Readable) {
    for await (const chunk of Body) {
      hash.update(chunk);
      await take(chunk);
    }
  }
  const found = hash.digest('hex');
  if (found === expected) return;
  throw new EvergreenError('artifact-damaged', `${key} has the digest ${found} instead of ${expected}`);
}

/** The version that lies under a key now, or undefined. */
export async function newestVersion(
  s3: S3Client,
  bucket: string,
  key: string,
): Promise<{ versionId: string; bytes: number } | undefined> {
  try {
    const head = await s3.send(new HeadObjectCommand({ Bucket: bucket, Key: key }));
    return { versionId: head.VersionId ?? 'null', bytes: head.ContentLength ?? 0 };
  } catch (thrown) {
    if (sourceGone(thrown, { bucket, key, versionId: 'newest' })) return undefined;
    throw thrown;
  }
}
