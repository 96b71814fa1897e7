import * as z from 'zod';
import { memoryLimit } from '../../lib/data/database.duckdb.ts';
import { hashKeyReader } from '../../lib/data/privacy/hash-key.store.ts';
import { partRequest } from '../../lib/inference/batch/batch.ts';
import { PinnedModel } from '../../lib/inference/batch/pinned-model.ts';
import { predictPart } from '../../lib/inference/batch/predict-part.ts';
import { packageReader } from '../../lib/inference/package.store.ts';
import { openPackage } from '../../lib/inference/package.ts';
import { SigningKey } from '../../lib/registry/signing-key.store.ts';
import { kmsClient, s3Client } from '../../lib/shared/clients.ts';
import { readEnvironment } from '../../lib/shared/environment.ts';
import { stepHandler } from '../step.ts';

const variables = {
  DATA_BUCKET: z.string(),
  MODEL_BUCKET: z.string(),
  SIGNING_KEY: z.string(),
  HASH_KEY: z.string(),
  DUCKDB_MEMORY_LIMIT: memoryLimit.default('512MB'),
};

let pinned: PinnedModel | undefined;

interface Site {
  MODEL_BUCKET: string;
  SIGNING_KEY: string;
  HASH_KEY: string;
}

function compose({ MODEL_BUCKET, SIGNING_KEY, HASH_KEY }: Site): PinnedModel {
  const key = new SigningKey(kmsClient(), SIGNING_KEY);
  const read = packageReader(s3Client(), MODEL_BUCKET);
  const readHashKey = hashKeyReader(kmsClient(), HASH_KEY);
  return new PinnedModel((reference) =>
    openPackage(reference, read, () => key.trusted(), undefined, readHashKey),
  );
}

/** Answers one part of a batch, unless it is answered. */
export const handler = stepHandler(partRequest, async (request) => {
  const environment = readEnvironment(variables);
  pinned ??= compose(environment);
  const model = pinned;
  const begun = performance.now();
  const outcome = await predictPart(request, {
    s3: s3Client(),
    bucket: environment.DATA_BUCKET,
    open: (version) => model.open(version),
    memoryLimit: environment.DUCKDB_MEMORY_LIMIT,
  });
  const { batchId, model: name, version } = request.batch;
  const about = { batchId, model: name, version, part: request.part.n, ...outcome };
  const ms = Math.round(performance.now() - begun);
  process.stdout.write(`${JSON.stringify({ level: 'info', message: 'part answered', ...about, ms })}\n`);
  return outcome;
});
