import { HeadObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import type { LocalFile } from '../../shared/local-file.store.ts';
import { putFile } from '../../shared/local-file.store.ts';

const types: Record<string, string> = {
  json: 'application/json',
  jsonl: 'application/x-ndjson',
  html: 'text/html; charset=utf-8',
  parquet: 'application/vnd.apache.parquet',
};

/** Puts a file where it is not yet; gives the version that has its bytes. */
export async function putMissing(
  s3: S3Client,
  place: { bucket: string; key: string },
  file: LocalFile,
): Promise<string> {
  const before = await versionWith(s3, place.bucket, place.key, file.sha256);
  if (before !== undefined) return before;
  const suffix = place.key.slice(place.key.lastIndexOf('.') + 1);
  return (await putFile(s3, place, file, types[suffix] ?? 'application/octet-stream')) ?? 'null';
}

async function versionWith(
  s3: S3Client,
  bucket: string,
  key: string,
  sha256: string,
): Promise<string | undefined> {
  try {
    const head = await s3.send(new HeadObjectCommand({ Bucket: bucket, Key: key }));
    return head.Metadata?.sha256 === sha256 ? (head.VersionId ?? 'null') : undefined;
  } catch (thrown) {
    if (thrown instanceof Error && ['NotFound', 'NoSuchKey'].includes(thrown.name)) return undefined;
    throw thrown;
  }
}
