import { HeadObjectCommand, ListObjectsV2Command, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import * as z from 'zod';
import type { SourceObject } from '../../data/dataset.ts';
import { downloadSource } from '../../data/source.store.ts';
import { digest, sha256 } from '../../shared/digest.ts';
import { type LocalFile, putFile } from '../../shared/local-file.store.ts';
import { readBytes, readDocument } from '../../shared/objects.ts';
import { type BatchManifest, type BatchSummary, batchManifest, batchSummary } from './batch.ts';

export interface ObjectPlace {
  bucket: string;
  key: string;
}

const parquetType = 'application/vnd.apache.parquet';

/** What the object of a part says of itself: whose answers it holds, to which rows. */
const partMetadata = z.object({ rows: digest, package: digest, sha256: digest });
export type PartMetadata = z.infer<typeof partMetadata>;

async function readWritten<Schema extends z.ZodType>(
  s3: S3Client,
  place: ObjectPlace,
  schema: Schema,
): Promise<z.infer<Schema> | undefined> {
  if ((await readBytes(s3, place)) === undefined) return undefined;
  return readDocument(s3, place, schema);
}

/** The manifest, or undefined while there is none and so no plan. */
export const readManifest = (s3: S3Client, place: ObjectPlace): Promise<BatchManifest | undefined> =>
  readWritten(s3, place, batchManifest);

/** The summary, or undefined while there is none and so no result. */
export const readSummary = (s3: S3Client, place: ObjectPlace): Promise<BatchSummary | undefined> =>
  readWritten(s3, place, batchSummary);

async function head(s3: S3Client, { bucket, key }: ObjectPlace) {
  try {
    return await s3.send(new HeadObjectCommand({ Bucket: bucket, Key: key }));
  } catch (thrown) {
    if (thrown instanceof Error && (thrown.name === 'NotFound' || thrown.name === 'NoSuchKey'))
      return undefined;
    throw thrown;
  }
}

/** The size of an object, or undefined when it is not there. */
export async function sizeOf(s3: S3Client, place: ObjectPlace): Promise<number | undefined> {
  return (await head(s3, place))?.ContentLength;
}

/** What an answered part says of itself, or undefined when it is not there. */
export async function readPartMetadata(s3: S3Client, place: ObjectPlace): Promise<PartMetadata | undefined> {
  const parsed = partMetadata.safeParse((await head(s3, place))?.Metadata);
  return parsed.success ? parsed.data : undefined;
}

/** Writes a Parquet file in one piece: it is there whole or not at all. S3 refuses bytes that changed on the way. */
export async function writeParquet(
  s3: S3Client,
  { bucket, key }: ObjectPlace,
  body: Uint8Array,
  about: Record<string, string> = {},
): Promise<string> {
  const checksum = sha256(body);
  await s3.send(
    new PutObjectCommand({
      Bucket: bucket,
      Key: key,
      Body: body,
      ContentType: parquetType,
      Metadata: { ...about, sha256: checksum },
      ChecksumSHA256: Buffer.from(checksum, 'hex').toString('base64'),
    }),
  );
  return checksum;
}

/** The same of a file that may be larger than the memory. */
export async function writeParquetFile(s3: S3Client, place: ObjectPlace, file: LocalFile): Promise<void> {
  await putFile(s3, place, file, parquetType);
}

/** Copies the input to a file; without a digest when it is over the limit, and so not read. */
export const downloadInput = (s3: S3Client, input: SourceObject, path: string, most: number) =>
  downloadSource(s3, input, path, most);

/** Sizes of all objects below a prefix, by key. */
export async function listSizes(s3: S3Client, bucket: string, prefix: string): Promise<Map<string, number>> {
  const sizes = new Map<string, number>();
  let token: string | undefined;
  do {
    const page = await s3.send(
      new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix, ContinuationToken: token }),
    );
    for (const { Key, Size } of page.Contents ?? []) sizes.set(Key ?? '', Size ?? 0);
    token = page.NextContinuationToken;
  } while (token !== undefined);
  return sizes;
}
