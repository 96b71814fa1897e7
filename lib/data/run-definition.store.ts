import type { S3Client } from '@aws-sdk/client-s3';
import { type DeployedModel, definitionKey, deployedModel } from '../model/deployed-model.ts';
import { EvergreenError } from '../shared/errors.ts';
import { readDocument } from '../shared/objects.ts';
import type { ValidationRequest } from './dataset.ts';

/** What a run began with. */
export async function readRunDefinition(
  { model, definitionDigest }: ValidationRequest,
  { s3, bucket }: { s3: S3Client; bucket: string },
): Promise<DeployedModel> {
  const key = definitionKey(model, definitionDigest);
  const deployed = await readDocument(s3, { bucket, key }, deployedModel);
  const { definition, digest } = deployed;
  if (digest === definitionDigest && definition.name === model) return deployed;
  throw new EvergreenError(
    'artifact-damaged',
    `object ${key} describes model ${definition.name} under digest ${digest}; deploy the model again`,
  );
}
