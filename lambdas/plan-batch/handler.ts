import * as z from 'zod';
import { memoryLimit } from '../../lib/data/database.duckdb.ts';
import { batchRequest } from '../../lib/inference/batch/batch.ts';
import { planBatch } from '../../lib/inference/batch/plan-batch.ts';
import { readPackageDefinition } from '../../lib/inference/package-definition.ts';
import { RegistryStore } from '../../lib/registry/registry.store.ts';
import { documentClient, s3Client } from '../../lib/shared/clients.ts';
import { readEnvironment } from '../../lib/shared/environment.ts';
import { readRequiredBytes } from '../../lib/shared/objects.ts';
import { stepHandler } from '../step.ts';

const variables = {
  DATA_BUCKET: z.string(),
  MODEL_BUCKET: z.string(),
  REGISTRY_TABLE: z.string(),
  DUCKDB_MEMORY_LIMIT: memoryLimit.default('1GB'),
};

/** Checks the file of a batch and cuts it into parts, or says why it is refused. */
export const handler = stepHandler(batchRequest, (request) => {
  const environment = readEnvironment(variables);
  const s3 = s3Client();
  const registry = new RegistryStore(documentClient(), environment.REGISTRY_TABLE);
  const read = (key: string) => readRequiredBytes(s3, { bucket: environment.MODEL_BUCKET, key });
  return planBatch(request, {
    s3,
    bucket: environment.DATA_BUCKET,
    readVersion: (model, version) => registry.readVersion(model, version),
    readDefinition: (version) => readPackageDefinition(version, read),
    memoryLimit: environment.DUCKDB_MEMORY_LIMIT,
    now: () => new Date(),
  });
});
