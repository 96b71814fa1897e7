import {
  GetObjectCommand,
  type GetObjectCommandOutput,
  NoSuchKey,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import type * as z from 'zod';
import { EvergreenError, messageOf } from './errors.ts';

/** Where an object lies; with a version the very bytes are meant. */
export interface ObjectLocation {
  bucket: string;
  key: string;
  versionId?: string | undefined;
}

async function getObject(
  s3: S3Client,
  location: ObjectLocation,
): Promise<GetObjectCommandOutput | undefined> {
  try {
    return await s3.send(
      new GetObjectCommand({ Bucket: location.bucket, Key: location.key, VersionId: location.versionId }),
    );
  } catch (thrown) {
    if (thrown instanceof NoSuchKey || (thrown instanceof Error && thrown.name === 'NoSuchVersion'))
      return undefined;
    throw thrown;
  }
}

/** The object's bytes, or undefined when there is none. */
export async function readBytes(s3: S3Client, location: ObjectLocation): Promise<Uint8Array | undefined> {
  const answer = await getObject(s3, location);
  return answer?.Body?.transformToByteArray();
}

/** The object's bytes; an error `artifact-missing` names the key when there is none. */
export async function readRequiredBytes(s3: S3Client, location: ObjectLocation): Promise<Uint8Array> {
  const bytes = await readBytes(s3, location);
  if (bytes) return bytes;
  throw new EvergreenError('artifact-missing', `object ${location.key} is not in bucket ${location.bucket}`, {
    details: { ...location },
  });
}

/** A JSON object that was written by this product, checked against its schema. */
export async function readDocument<Schema extends z.ZodType>(
  s3: S3Client,
  location: ObjectLocation,
  schema: Schema,
): Promise<z.infer<Schema>> {
  const text = new TextDecoder().decode(await readRequiredBytes(s3, location));
  try {
    return schema.parse(JSON.parse(text));
  } catch (thrown) {
    throw new EvergreenError(
      'artifact-damaged',
      `object ${location.key} is not the document it should be: ${messageOf(thrown)}`,
      {
        cause: thrown,
        details: { ...location },
      },
    );
  }
}

export async function writeObject(
  s3: S3Client,
  location: { bucket: string; key: string },
  body: Uint8Array | string,
  contentType: string,
): Promise<void> {
  await s3.send(
    new PutObjectCommand({
      Bucket: location.bucket,
      Key: location.key,
      Body: body,
      ContentType: contentType,
    }),
  );
}

export async function writeDocument(
  s3: S3Client,
  location: { bucket: string; key: string },
  document: unknown,
): Promise<void> {
  await writeObject(s3, location, JSON.stringify(document), 'application/json');
}
