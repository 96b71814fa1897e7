import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { GetObjectCommand, HeadObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { EvergreenError, messageOf } from '../shared/errors.ts';
import type { SourceObject } from './dataset.ts';

export interface Download {
  bytes: number;
  /** Null when the object is over the limit: it is not read then. */
  sha256: string | null;
  /** What the uploader said that it is. */
  stated?: string | undefined;
}

/** A deleted version answers 404; a version that is itself a delete marker answers 405. */
const goneNames = ['NoSuchKey', 'NoSuchVersion', 'MethodNotAllowed'];

/**
 * Copies the very version of an object to a file and digests it on the way.
 *
 * @throws EvergreenError `upload-missing` when the version is gone, `service-unavailable` when it breaks off.
 */
export async function downloadSource(
  s3: S3Client,
  source: SourceObject,
  path: string,
  maxBytes: number,
): Promise<Download> {
  const { body, length, stated } = await openSource(s3, source);
  if (length > maxBytes) {
    body.destroy();
    return { bytes: length, sha256: null };
  }
  const hash = createHash('sha256');
  const file = await open(path, 'w');
  let bytes = 0;
  try {
    for await (const chunk of interrupted(body, source)) {
      hash.update(chunk);
      bytes += chunk.length;
      await file.writeFile(chunk);
    }
  } finally {
    await file.close();
  }
  if (bytes !== length) throw brokenOff(source, `${bytes} of ${length} bytes came`);
  return { bytes, sha256: hash.digest('hex'), stated };
}

/**
 * The digest of the very version of an object; nothing is kept of it.
 *
 * @throws EvergreenError `upload-missing` when the version is gone, `service-unavailable` when it breaks off.
 */
export async function digestSource(s3: S3Client, source: SourceObject): Promise<string> {
  const { body } = await openSource(s3, source);
  const hash = createHash('sha256');
  for await (const chunk of interrupted(body, source)) hash.update(chunk);
  return hash.digest('hex');
}

async function openSource(
  s3: S3Client,
  source: SourceObject,
): Promise<{ body: Readable; length: number; stated: string | undefined }> {
  try {
    const { Body, ContentLength, Metadata } = await s3.send(
      new GetObjectCommand({ Bucket: source.bucket, Key: source.key, VersionId: source.versionId }),
    );
    if (!(Body instanceof Readable) || ContentLength === undefined) throw brokenOff(source, 'no body came');
    return { body: Body, length: ContentLength, stated: Metadata?.sha256 };
  } catch (thrown) {
    throw sourceGone(thrown, source) ?? thrown;
  }
}

/** The error of a version that was deleted, or null when it failed for another reason. */
export function sourceGone(thrown: unknown, source: SourceObject): EvergreenError | null {
  if (!(thrown instanceof Error && ['NotFound', ...goneNames].includes(thrown.name))) return null;
  return new EvergreenError(
    'upload-missing',
    `version ${source.versionId} of ${source.key} was deleted before it was read; upload it again`,
    { cause: thrown, details: { ...source } },
  );
}

/** Metadata with which an upload asks to be trained even if the same was trained before. */
export const forceMetadata = { name: 'evergreen-force', value: 'true' } as const;

/** Whether the upload asks to be trained again whatever was trained before. */
export async function isForced(s3: S3Client, { bucket, key, versionId }: SourceObject): Promise<boolean> {
  try {
    const { Metadata } = await s3.send(
      new HeadObjectCommand({ Bucket: bucket, Key: key, VersionId: versionId }),
    );
    return Metadata?.[forceMetadata.name] === forceMetadata.value;
  } catch (thrown) {
    // Deleted since it was validated: its dataset stands, its wish is gone.
    if (thrown instanceof Error && ['NotFound', ...goneNames].includes(thrown.name)) return false;
    throw thrown;
  }
}

/** The body's chunks; a connection that breaks is worth another try and says so. */
async function* interrupted(body: Readable, source: SourceObject): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of body) yield chunk;
  } catch (thrown) {
    throw brokenOff(source, messageOf(thrown), thrown);
  }
}

function brokenOff(source: SourceObject, what: string, cause?: unknown): EvergreenError {
  return new EvergreenError(
    'service-unavailable',
    `reading ${source.key} broke off: ${what}; it can be tried again`,
    {
      cause,
      details: { ...source },
    },
  );
}

/** How large the version is, and whether it is what lies under its key: jobs read no versions. */
export async function lookAtSource(
  s3: S3Client,
  source: SourceObject,
): Promise<{ bytes: number; isLatest: boolean }> {
  const { bucket: Bucket, key: Key, versionId } = source;
  try {
    const { ContentLength } = await s3.send(new HeadObjectCommand({ Bucket, Key, VersionId: versionId }));
    const latest = await s3.send(new HeadObjectCommand({ Bucket, Key }));
    return { bytes: ContentLength ?? 0, isLatest: latest.VersionId === versionId };
  } catch (thrown) {
    throw sourceGone(thrown, source) ?? thrown;
  }
}

/** A little more than the longest line, so that one which is longer is told from the end of the file. */
export async function readHead(s3: S3Client, source: SourceObject, maxLineBytes: number): Promise<Buffer> {
  const { Body } = await s3.send(
    new GetObjectCommand({
      Bucket: source.bucket,
      Key: source.key,
      VersionId: source.versionId,
      Range: `bytes=0-${maxLineBytes + 16}`,
    }),
  );
  return Buffer.from((await Body?.transformToByteArray()) ?? []);
}
