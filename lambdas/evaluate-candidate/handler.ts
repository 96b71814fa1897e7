import { join } from 'node:path';
import { z } from 'zod';
import { RegistryStore } from '../../lib/registry/registry.store.ts';
import { documentClient, s3Client } from '../../lib/shared/clients.ts';
import { readEnvironment } from '../../lib/shared/environment.ts';
import { stepHandler } from '../step.ts';
import { evaluateCandidate } from './evaluate.ts';

const digest = z.string().regex(/^[0-9a-f]{64}$/);

const request = z.object({
  runId: z.string(),
  model: z.string(),
  definitionDigest: digest,
  datasetId: z.string(),
  manifestKey: z.string(),
  trainingJobName: z.string(),
  modelArtifact: z.string().startsWith('s3://'),
  codeDigest: digest,
  attempt: z.int().min(1),
});

const variables = {
  DATA_BUCKET: z.string(),
  MODEL_BUCKET: z.string(),
  REGISTRY_TABLE: z.string(),
  LAMBDA_TASK_ROOT: z.string(),
};

/** Judges a trained candidate against its gate and the champion. */
export const handler = stepHandler(request, async (input) => {
  const { DATA_BUCKET, MODEL_BUCKET, REGISTRY_TABLE, LAMBDA_TASK_ROOT } = readEnvironment(variables);
  return evaluateCandidate(
    {
      s3: s3Client(),
      dataBucket: DATA_BUCKET,
      modelBucket: MODEL_BUCKET,
      registry: new RegistryStore(documentClient(), REGISTRY_TABLE),
      trialWorker: join(LAMBDA_TASK_ROOT, 'trial-worker.js'),
    },
    input,
  );
});
