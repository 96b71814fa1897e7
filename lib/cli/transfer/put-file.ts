import { createReadStream } from 'node:fs';
import { HeadObjectCommand, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';

const types: Record<string, string> = {
  json: 'application/json',
  jsonl: 'application/x-ndjson',
  html: 'text/html; charset=utf-8',
  parquet: 'application/vnd.apache.parquet',
};

export interface FileToPut {
  path: string;
  bytes: number;
  sha256: string;
}

/** Puts a file where it is not yet, held against its digest by S3; gives the version that has its bytes. */
export async function putFile(
  s3: S3Client,
  { bucket, key }: { bucket: string; key: string },
  { path, bytes, sha256 }: FileToPut,
): Promise<string> {
  const before = await versionWith(s3, bucket, key, sha256);
  if (before !== undefined) return before;
  const { VersionId } = await s3.send(
    new PutObjectCommand({
      Bucket: bucket,
      Key: key,
      Body: createReadStream(path),
      ContentLength: bytes,
      ContentType: types[key.slice(key.lastIndexOf('.') + 1)] ?? 'application/octet-stream',
      Metadata: { sha256 },
      ChecksumSHA256: Buffer.from(sha256, 'hex').toString('base64'),
    }),
  );
  return VersionId ?? 'null';
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
