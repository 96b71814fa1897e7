import { z } from 'zod';
import { memoryLimit } from '../../lib/data/database.duckdb.ts';
import { validationRequest } from '../../lib/data/dataset.ts';
import { validateDataset } from '../../lib/data/validate-dataset.ts';
import { s3Client } from '../../lib/shared/clients.ts';
import { readEnvironment } from '../../lib/shared/environment.ts';
import { stepHandler } from '../step.ts';

const twoGibibytes = 2 * 1024 ** 3;

/** Makes a dataset of an upload, or says in a report why not. */
export const handler = stepHandler(validationRequest, async (request) => {
  const environment = readEnvironment({
    DATA_BUCKET: z.string().min(1),
    MAX_SOURCE_BYTES: z.coerce.number().int().positive().default(twoGibibytes),
    DUCKDB_MEMORY_LIMIT: memoryLimit.default('1GB'),
  });
  const outcome = await validateDataset(request, {
    s3: s3Client(),
    bucket: environment.DATA_BUCKET,
    maxSourceBytes: environment.MAX_SOURCE_BYTES,
    memoryLimit: environment.DUCKDB_MEMORY_LIMIT,
    now: () => new Date(),
  });
  const { verdict, datasetId, rows } = outcome;
  const { runId, model } = request;
  process.stdout.write(
    `${JSON.stringify({ level: 'info', message: 'data validated', runId, model, verdict, datasetId, rows })}\n`,
  );
  return outcome;
});
