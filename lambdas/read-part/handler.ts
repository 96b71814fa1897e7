import * as z from 'zod';
import { memoryLimit } from '../../lib/data/database.duckdb.ts';
import { partLimits, readPartRequest } from '../../lib/data/parts/parts.ts';
import { readPart } from '../../lib/data/parts/read-part.ts';
import { s3Client } from '../../lib/shared/clients.ts';
import { readEnvironment } from '../../lib/shared/environment.ts';
import { stepHandler } from '../step.ts';

const variables = { DATA_BUCKET: z.string().min(1), DUCKDB_MEMORY_LIMIT: memoryLimit.default('512MB') };

/** Reads one file of an upload of many. */
export const handler = stepHandler(readPartRequest, async (request) => {
  const { DATA_BUCKET: bucket, DUCKDB_MEMORY_LIMIT } = readEnvironment(variables);
  const outcome = await readPart(request, {
    s3: s3Client(),
    bucket,
    maxPartBytes: partLimits.maxPartBytes,
    memoryLimit: DUCKDB_MEMORY_LIMIT,
  });
  const { runId, model, part } = request;
  const about = { runId, model, part: part.n, outcome };
  process.stdout.write(`${JSON.stringify({ level: 'info', message: 'part read', ...about })}\n`);
  return { outcome };
});
