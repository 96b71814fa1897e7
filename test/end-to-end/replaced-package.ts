import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { KMSClient } from '@aws-sdk/client-kms';
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { DynamoDBDocumentClient, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import { sealPackage } from '../../lib/inference/package.ts';
import { signatureKeyOf } from '../../lib/registry/model-signature.ts';
import { type ModelVersion, packageManifest, partitionKey, versionKey } from '../../lib/registry/registry.ts';
import { SigningKey } from '../../lib/registry/signing-key.store.ts';
import type { Platform } from './platform.ts';

const variables = z.object({ REGISTRY_TABLE: z.string(), SIGNING_KEY: z.string() });

type Files = Record<string, Uint8Array>;

/**
 * Replaces the package of a registered version by another that is sealed and signed as it should be, as a build that went
 * wrong would: nothing but asking it can tell.
 */
export async function replacePackage(
  platform: Platform,
  { model, version, packagePrefix }: Pick<ModelVersion, 'model' | 'version' | 'packagePrefix'>,
  change: (files: Files) => Files,
): Promise<void> {
  const s3 = new S3Client(platform.client);
  const Bucket = await platform.output('ModelBucket');
  const read = async (Key: string) => {
    const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key }));
    return (await Body?.transformToByteArray()) ?? new Uint8Array();
  };
  const write = (Key: string, Body: Uint8Array | string) =>
    s3.send(new PutObjectCommand({ Bucket, Key, Body }));

  const text = new TextDecoder().decode(await read(`${packagePrefix}manifest.json`));
  const { files: listed, lineage } = packageManifest.parse(JSON.parse(text));
  const files: Files = {};
  for (const name of Object.keys(listed)) files[name] = await read(packagePrefix + name);
  const changed = change(files);
  const sealed = sealPackage(model, changed, lineage);
  for (const [name, bytes] of Object.entries({ ...changed, 'manifest.json': sealed.manifest })) {
    await write(sealed.packagePrefix + name, bytes);
  }
  const { SIGNING_KEY, REGISTRY_TABLE } = variables.parse(await platform.variablesOf('MeasureDrift'));
  const manifest = packageManifest.parse(JSON.parse(new TextDecoder().decode(sealed.manifest)));
  const key = new SigningKey(new KMSClient(platform.client), SIGNING_KEY);
  await write(signatureKeyOf(sealed.packagePrefix), await key.sign(manifest, sealed.packageDigest));
  await DynamoDBDocumentClient.from(new DynamoDBClient(platform.client)).send(
    new UpdateCommand({
      TableName: REGISTRY_TABLE,
      Key: { pk: partitionKey(model), sk: versionKey(version) },
      UpdateExpression: 'SET packagePrefix = :prefix, packageDigest = :digest, modelDigest = :model',
      ExpressionAttributeValues: {
        ':prefix': sealed.packagePrefix,
        ':digest': sealed.packageDigest,
        ':model': manifest.files['model.onnx']?.sha256,
      },
    }),
  );
}
