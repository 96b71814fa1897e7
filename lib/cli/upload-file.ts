import { basename } from 'node:path';
import { HeadObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { forceMetadata } from '../data/source.store.ts';
import { partyPrefix } from '../model/federation.ts';
import { sha256 } from '../shared/digest.ts';
import type { Connection } from './connection.ts';
import { readNamedFile } from './row-files.ts';

/** S3 keys may be 1,024 bytes; the rest belongs to the prefix. */
const longestName = 100;

/** Where an upload goes: the same bytes under the same name have the same key. */
export function uploadKey(model: string, path: string, digest: string, party?: string): string {
  const name = basename(path)
    .normalize('NFKD')
    .replace(/[^A-Za-z0-9._-]+/g, '-')
    .replace(/^[.-]+/, '')
    .slice(-longestName);
  const folder = party === undefined ? `incoming/${model}/` : partyPrefix(model, party);
  return `${folder}${digest.slice(0, 12)}-${name === '' ? 'data' : name}`;
}

export interface Uploaded {
  key: string;
  versionId: string | null;
  sha256: string;
  bytes: number;
  /** False when the same bytes were there already. */
  uploaded: boolean;
}

/** The version of an object that holds the same bytes, or undefined. */
export async function existingVersion(
  connection: Connection,
  key: string,
  digest: string,
): Promise<string | undefined> {
  try {
    const head = await connection.s3.send(
      new HeadObjectCommand({ Bucket: connection.outputs.DataBucket, Key: key }),
    );
    return head.Metadata?.sha256 === digest ? head.VersionId : undefined;
  } catch (thrown) {
    if (thrown instanceof Error && (thrown.name === 'NotFound' || thrown.name === 'NoSuchKey'))
      return undefined;
    throw thrown;
  }
}

export interface UploadWish {
  /** Uploads although the same bytes are there: a new run looks at them, and reuses what they led to before. */
  again?: boolean | undefined;
  /** Uploads, and asks to be trained whatever the same bytes led to before. */
  force?: boolean | undefined;
  /** Puts the rows where only this party's jobs read them, and starts nothing. */
  party?: string | undefined;
}

/** Puts a file where intake sees it, or where a party's jobs do. */
export async function uploadFile(
  connection: Connection,
  model: string,
  path: string,
  wish: UploadWish = {},
): Promise<Uploaded> {
  const body = readNamedFile(path);
  const digest = sha256(body);
  const key = uploadKey(model, path, digest, wish.party);
  const facts = { key, sha256: digest, bytes: body.length };
  const { again = false, force = false } = wish;
  const before = again || force ? undefined : await existingVersion(connection, key, digest);
  if (before !== undefined) return { ...facts, versionId: before, uploaded: false };
  const { VersionId } = await connection.s3.send(
    new PutObjectCommand({
      Bucket: connection.outputs.DataBucket,
      Key: key,
      Body: body,
      Metadata: { sha256: digest, ...(force ? { [forceMetadata.name]: forceMetadata.value } : {}) },
      // S3 refuses bytes that changed on the way.
      ChecksumSHA256: Buffer.from(digest, 'hex').toString('base64'),
    }),
  );
  return { ...facts, versionId: VersionId ?? null, uploaded: true };
}
