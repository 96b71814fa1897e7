import { SageMakerClient } from '@aws-sdk/client-sagemaker';
import * as z from 'zod';
import { definitionKey, deployedModel } from '../../lib/model/deployed-model.ts';
import { s3Client } from '../../lib/shared/clients.ts';
import { readEnvironment } from '../../lib/shared/environment.ts';
import { readDocument, writeDocument } from '../../lib/shared/objects.ts';
import { collectTrials, trialsRequest } from '../../lib/training/collect-trials.ts';
import { readSearch } from '../../lib/training/tuning-jobs.store.ts';
import { tuningReportKey } from '../../lib/training/tuning-report.ts';
import { stepHandler } from '../step.ts';

const sagemaker = new SageMakerClient({ maxAttempts: 5 });

/** Gathers what the searches of a run tried, and says whether the budget leaves another. */
export const handler = stepHandler(trialsRequest, (request) => {
  const variables = { DATA_BUCKET: z.string(), MODEL_BUCKET: z.string() };
  const { DATA_BUCKET, MODEL_BUCKET } = readEnvironment(variables);
  const { model, runId, definitionDigest } = request;
  const definition = { bucket: DATA_BUCKET, key: definitionKey(model, definitionDigest) };
  const report = { bucket: MODEL_BUCKET, key: tuningReportKey(model, runId) };
  return collectTrials(
    {
      readDeployed: () => readDocument(s3Client(), definition, deployedModel),
      readSearch: (job) => readSearch(sagemaker, job),
      writeReport: (document) => writeDocument(s3Client(), report, document),
    },
    request,
  );
});
