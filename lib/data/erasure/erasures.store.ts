import { GenerateMacCommand, type KMSClient } from '@aws-sdk/client-kms';
import type { S3Client } from '@aws-sdk/client-s3';
import { EvergreenError } from '../../shared/errors.ts';
import { readDocument, writeDocument } from '../../shared/objects.ts';
import { listKeys } from '../versions/objects-below.store.ts';
import { type ErasureRecord, erasureRecord } from './erasure-record.ts';

const prefixOf = (model: string, erasureId: string) => `erasures/${model}/${erasureId}/`;

/** The id of a subject's erasure: a keyed hash, so that whoever reads the records cannot try ids of persons. */
export async function erasureIdOf(
  kms: KMSClient,
  keyArn: string,
  model: string,
  subject: string,
): Promise<string> {
  const { Mac } = await kms.send(
    new GenerateMacCommand({
      KeyId: keyArn,
      MacAlgorithm: 'HMAC_SHA_256',
      Message: Buffer.from(JSON.stringify(['evergreen/erasure/v1', model, subject])),
    }),
  );
  if (!Mac) throw new EvergreenError('service-unavailable', 'the key of erasures gave no hash; try again');
  return Buffer.from(Mac).toString('hex').slice(0, 32);
}

/** All lines of the record of an erasure, oldest first. */
export async function readErasure(
  s3: S3Client,
  bucket: string,
  model: string,
  erasureId: string,
): Promise<ErasureRecord[]> {
  const keys = (await listKeys(s3, bucket, prefixOf(model, erasureId))).sort();
  return Promise.all(keys.map((key) => readDocument(s3, { bucket, key }, erasureRecord)));
}

/** Adds a line; none is ever overwritten, since each has its time in its name. */
export async function writeErasure(s3: S3Client, bucket: string, record: ErasureRecord): Promise<string> {
  const { model, erasureId, at, state } = record;
  const key = `${prefixOf(model, erasureId)}${at.replaceAll(/[-:.]/g, '')}-${state}.json`;
  await writeDocument(s3, { bucket, key }, erasureRecord.parse(record));
  return key;
}
