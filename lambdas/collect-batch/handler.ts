import * as z from 'zod';
import { memoryLimit } from '../../lib/data/database.duckdb.ts';
import { batchKeys, collectRequest } from '../../lib/inference/batch/batch.ts';
import { collectBatch } from '../../lib/inference/batch/collect-batch.ts';
import { s3Client } from '../../lib/shared/clients.ts';
import { readEnvironment } from '../../lib/shared/environment.ts';
import { stepHandler } from '../step.ts';

const variables = { DATA_BUCKET: z.string(), DUCKDB_MEMORY_LIMIT: memoryLimit.default('1GB') };

/** Joins the answers of a batch and writes its summary. */
export const handler = stepHandler(collectRequest, async (request) => {
  const environment = readEnvironment(variables);
  const { rows, refused } = await collectBatch(request, {
    s3: s3Client(),
    bucket: environment.DATA_BUCKET,
    memoryLimit: environment.DUCKDB_MEMORY_LIMIT,
    now: () => new Date(),
  });
  return { summaryKey: batchKeys(request).summary, rows, refused };
});
