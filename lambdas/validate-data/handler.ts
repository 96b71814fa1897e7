import * as z from 'zod';
import { memoryLimit } from '../../lib/data/database.duckdb.ts';
import { readProfile } from '../../lib/data/dataset.store.ts';
import { validationRequest } from '../../lib/data/dataset.ts';
import { hashKeyReader } from '../../lib/data/privacy/hash-key.store.ts';
import { sparkSiteFrom, sparkVariables } from '../../lib/data/spark/spark-site.ts';
import { validateLargeUpload } from '../../lib/data/spark/validate-large-upload.ts';
import { validateDataset } from '../../lib/data/validate-dataset.ts';
import { RegistryStore } from '../../lib/registry/registry.store.ts';
import { documentClient, kmsClient, s3Client } from '../../lib/shared/clients.ts';
import { readEnvironment } from '../../lib/shared/environment.ts';
import { stepHandler } from '../step.ts';

const twoGibibytes = 2 * 1024 ** 3;

/** Makes a dataset of an upload, or says in a report why not; of a large one it says which job is to examine it. */
export const handler = stepHandler(validationRequest, async (request) => {
  const environment = readEnvironment({
    DATA_BUCKET: z.string().min(1),
    REGISTRY_TABLE: z.string().min(1),
    HASH_KEY: z.string().min(1),
    MAX_SOURCE_BYTES: z.coerce.number().int().positive().default(twoGibibytes),
    DUCKDB_MEMORY_LIMIT: memoryLimit.default('1GB'),
    ...sparkVariables,
  });
  const bucket = environment.DATA_BUCKET;
  const registry = new RegistryStore(documentClient(), environment.REGISTRY_TABLE);
  const tools = {
    s3: s3Client(),
    bucket,
    maxSourceBytes: environment.MAX_SOURCE_BYTES,
    memoryLimit: environment.DUCKDB_MEMORY_LIMIT,
    readEarlier: async (name: string) => {
      const { champion } = await registry.readLive(name);
      return champion && readProfile(s3Client(), { bucket, model: name, datasetId: champion.datasetId });
    },
    readHashKey: hashKeyReader(kmsClient(), environment.HASH_KEY),
    now: () => new Date(),
  };
  const spark = sparkSiteFrom(environment);
  const large = spark && (await validateLargeUpload(request, { ...tools, spark }));
  const outcome = large ?? (await validateDataset(request, tools));
  const { runId, model } = request;
  const { verdict } = outcome;
  const made = 'rows' in outcome ? { datasetId: outcome.datasetId, rows: outcome.rows } : {};
  process.stdout.write(
    `${JSON.stringify({ level: 'info', message: 'data validated', runId, model, verdict, ...made })}\n`,
  );
  return outcome;
});
