import { SQSClient } from '@aws-sdk/client-sqs';
import * as z from 'zod';
import { datasetManifest } from '../../lib/data/dataset.ts';
import { RunStore } from '../../lib/intake/runs.store.ts';
import { definitionKey, deployedModel } from '../../lib/model/deployed-model.ts';
import { readDeployedModels } from '../../lib/model/deployed-models.ts';
import { PredictionStore } from '../../lib/monitoring/predictions.store.ts';
import { RegistryStore } from '../../lib/registry/registry.store.ts';
import { AskedStore } from '../../lib/remediation/asked.store.ts';
import { sendRetrainRequest } from '../../lib/remediation/intake-queue.store.ts';
import { JudgementStore } from '../../lib/remediation/judgements.store.ts';
import { RetrainAsker } from '../../lib/remediation/retrain-asker.ts';
import { retrainRecord } from '../../lib/remediation/retrain-rows.ts';
import { findRunInFlight } from '../../lib/remediation/run-in-flight.ts';
import { documentClient, s3Client } from '../../lib/shared/clients.ts';
import { metricLine } from '../../lib/shared/embedded-metrics.ts';
import { readEnvironment } from '../../lib/shared/environment.ts';
import { EvergreenError } from '../../lib/shared/errors.ts';
import { readDocument } from '../../lib/shared/objects.ts';
import { stepHandler } from '../step.ts';

const variables = {
  REGISTRY_TABLE: z.string(),
  RUNS_TABLE: z.string(),
  PREDICTIONS_TABLE: z.string(),
  DATA_BUCKET: z.string(),
  INTAKE_QUEUE_URL: z.string(),
  LAMBDA_TASK_ROOT: z.string(),
};

function composeAsker({ DATA_BUCKET: bucket, ...names }: ReturnType<typeof readVariables>): RetrainAsker {
  const [documents, s3, sqs] = [documentClient(), s3Client(), new SQSClient({})];
  const runs = new RunStore(documents, names.RUNS_TABLE);
  const judgements = new JudgementStore(documents, names.REGISTRY_TABLE);
  const readRetrains = (model: string) => judgements.readRetrains(model);
  const now = () => new Date();
  return new RetrainAsker({
    registry: new RegistryStore(documents, names.REGISTRY_TABLE),
    asked: new AskedStore(documents, names.REGISTRY_TABLE),
    readRetrains,
    predictions: new PredictionStore(documents, names.PREDICTIONS_TABLE),
    readManifest: (key) => readDocument(s3, { bucket, key }, datasetManifest),
    readRecord: (key) => readDocument(s3, { bucket, key }, retrainRecord),
    readDefinition: async (model, digest) =>
      (await readDocument(s3, { bucket, key: definitionKey(model, digest) }, deployedModel)).definition,
    findRunInFlight: (model) => findRunInFlight(model, { runs, readRetrains, now }),
    requestRetrain: (request) => sendRetrainRequest(sqs, names.INTAKE_QUEUE_URL, request),
    now,
  });
}

const readVariables = () => readEnvironment(variables);

/** Looks whether labels or new code ask for a run of a model. */
export const handler = stepHandler(z.object({ model: z.string() }), async ({ model }) => {
  const names = readVariables();
  const deployed = readDeployedModels(names.LAMBDA_TASK_ROOT).get(model);
  if (!deployed) throw new EvergreenError('model-unknown', `no model is named ${model}`);
  const found = await composeAsker(names).look(deployed);
  const line = { level: found.page ? 'warn' : 'info', message: 'looked for a retrain', model, ...found };
  process.stdout.write(`${JSON.stringify(line)}\n`);
  if (found.page) {
    const called = { AlarmsForPeople: { value: 1, unit: 'Count' } } as const;
    process.stdout.write(`${metricLine(new Date(), {}, [[]], called)}\n`);
  }
  return found;
});
