import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import {
  GetObjectCommand,
  type GetObjectCommandOutput,
  NoSuchKey,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
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

/**
 * Copies an object to a file without taking it into memory.
 *
 * @throws EvergreenError `artifact-missing`, or `service-unavailable` when it breaks off.
 */
export async function downloadFile(
  s3: S3Client,
  { bucket, key }: { bucket: string; key: string },
  path: string,
): Promise<LocalFile> {
  const { Body, ContentLength } = await openObject(s3, { bucket, key });
  const hash = createHash('sha256');
  let bytes = 0;
  const digested = async function* (body: AsyncIterable<Buffer>) {
    for await (const chunk of body) {
      hash.update(chunk);
      bytes += chunk.length;
      yield chunk;
    }
  };
  const breaksOff = (what: string, cause?: unknown) =>
    new EvergreenError('service-unavailable', `reading ${key} broke off: ${what}; it can be tried again`, {
      cause,
    });
  if (!(Body instanceof Readable)) throw breaksOff('no body came');
  try {
    await pipeline(Body, digested, createWriteStream(path));
  } catch (thrown) {
    // A disk that is full is full at the next try, too.
    if (isFull(thrown)) {
      throw new EvergreenError('internal', `${key} of ${ContentLength} bytes does not fit on the disk`, {
        cause: thrown,
      });
    }
    throw breaksOff(messageOf(thrown), thrown);
  }
  if (bytes !== ContentLength) throw breaksOff(`${bytes} of ${ContentLength} bytes came`);
  return { path, bytes, sha256: hash.digest('hex') };
}

function isFull(thrown: unknown): boolean {
  return thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOSPC';
}

async function openObject(
  s3: S3Client,
  { bucket, key }: { bucket: string; key: string },
): Promise<GetObjectCommandOutput> {
  try {
    return await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
  } catch (thrown) {
    if (!(thrown instanceof NoSuchKey)) throw thrown;
    throw new EvergreenError('artifact-missing', `object ${key} is not in bucket ${bucket}`, {
      cause: thrown,
      details: { bucket, key },
    });
  }
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
