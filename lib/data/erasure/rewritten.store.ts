import { HeadObjectCommand, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { sha256 } from '../../shared/digest.ts';
import type { SourceObject } from '../dataset.ts';

/** Where an upload lies that rows were erased from: uploads where they start no run, rows of a retrain beside it. */
export function rewrittenKey(key: string, digest: string): string {
  const mark = digest.slice(0, 12);
  if (key.startsWith('retrain/')) return key.replace(/\.jsonl$/, `-${mark}.jsonl`);
  const [, model = '', ...rest] = key.split('/');
  const name = rest.join('/').replace(/^(without-[0-9a-f]{12}\/)+/, '');
  return `rewritten/${model}/without-${mark}/${name}`;
}

/** Writes what is left of an upload, once: the same content gives the same version. */
export async function putRewritten(
  s3: S3Client,
  { bucket, key: from }: SourceObject,
  content: Uint8Array,
): Promise<SourceObject> {
  const digest = sha256(content);
  const key = rewrittenKey(from, digest);
  const before = await existing(s3, bucket, key, digest);
  if (before !== undefined) return { bucket, key, versionId: before };
  const { VersionId } = await s3.send(
    new PutObjectCommand({ Bucket: bucket, Key: key, Body: content, Metadata: { sha256: digest } }),
  );
  return { bucket, key, versionId: VersionId ?? 'null' };
}

async function existing(
  s3: S3Client,
  bucket: string,
  key: string,
  digest: string,
): Promise<string | undefined> {
  try {
    const head = await s3.send(new HeadObjectCommand({ Bucket: bucket, Key: key }));
    return head.Metadata?.sha256 === digest ? (head.VersionId ?? 'null') : undefined;
  } catch (thrown) {
    if (thrown instanceof Error && ['NotFound', 'NoSuchKey'].includes(thrown.name)) return undefined;
    throw thrown;
  }
}
