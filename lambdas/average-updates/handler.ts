import * as z from 'zod';
import { definitionKey, deployedModel } from '../../lib/model/deployed-model.ts';
import { s3Client } from '../../lib/shared/clients.ts';
import { readEnvironment } from '../../lib/shared/environment.ts';
import { readDocument, readRequiredBytes, writeDocument } from '../../lib/shared/objects.ts';
import { averageRequest, averageUpdates } from '../../lib/training/average-updates.ts';
import { stepHandler } from '../step.ts';

const variables = { DATA_BUCKET: z.string(), MODEL_BUCKET: z.string() };

/** Averages the weights that the parties of a federation left in a round. */
export const handler = stepHandler(averageRequest, (request) => {
  const { DATA_BUCKET, MODEL_BUCKET: modelBucket } = readEnvironment(variables);
  const definition = { bucket: DATA_BUCKET, key: definitionKey(request.model, request.definitionDigest) };
  return averageUpdates(
    {
      modelBucket,
      readDeployed: () => readDocument(s3Client(), definition, deployedModel),
      readUpdate: (key) => readRequiredBytes(s3Client(), { bucket: modelBucket, key }),
      write: (key, document) => writeDocument(s3Client(), { bucket: modelBucket, key }, document),
    },
    request,
  );
});
