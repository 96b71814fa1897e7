import * as z from 'zod';
import { memoryLimit } from '../../lib/data/database.duckdb.ts';
import { joinParts } from '../../lib/data/parts/join-parts.ts';
import { partLimits, partsRequest } from '../../lib/data/parts/parts.ts';
import { s3Client } from '../../lib/shared/clients.ts';
import { readEnvironment } from '../../lib/shared/environment.ts';
import { stepHandler } from '../step.ts';

const variables = { DATA_BUCKET: z.string().min(1), DUCKDB_MEMORY_LIMIT: memoryLimit.default('1GB') };

/** Joins the files of an upload into one, or names those that cannot be used. */
export const handler = stepHandler(partsRequest, (request) => {
  const { DATA_BUCKET: bucket, DUCKDB_MEMORY_LIMIT } = readEnvironment(variables);
  return joinParts(request, {
    s3: s3Client(),
    bucket,
    ...partLimits,
    memoryLimit: DUCKDB_MEMORY_LIMIT,
  });
});
