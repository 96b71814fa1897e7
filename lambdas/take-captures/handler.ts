import * as z from 'zod';
import { deployedModel } from '../../lib/model/deployed-model.ts';
import { readDeployedModels } from '../../lib/model/deployed-models.ts';
import { CaptureDesk } from '../../lib/monitoring/capture-desk.ts';
import { CaptureStore } from '../../lib/monitoring/captures.store.ts';
import { PredictionStore } from '../../lib/monitoring/predictions.store.ts';
import { RegistryStore } from '../../lib/registry/registry.store.ts';
import { documentClient, s3Client } from '../../lib/shared/clients.ts';
import { metricLine } from '../../lib/shared/embedded-metrics.ts';
import { readEnvironment } from '../../lib/shared/environment.ts';
import { EvergreenError } from '../../lib/shared/errors.ts';
import { readDocument } from '../../lib/shared/objects.ts';
import { apiHandler, jsonBodyOf } from '../api.ts';

const variables = {
  DATA_BUCKET: z.string(),
  MODEL_BUCKET: z.string(),
  REGISTRY_TABLE: z.string(),
  PREDICTIONS_TABLE: z.string(),
  LAMBDA_TASK_ROOT: z.string(),
};

function composeDesk(): CaptureDesk {
  const { DATA_BUCKET, MODEL_BUCKET, REGISTRY_TABLE, PREDICTIONS_TABLE, LAMBDA_TASK_ROOT } =
    readEnvironment(variables);
  const models = readDeployedModels(LAMBDA_TASK_ROOT);
  const registry = new RegistryStore(documentClient(), REGISTRY_TABLE);
  return new CaptureDesk({
    predictions: new PredictionStore(documentClient(), PREDICTIONS_TABLE),
    captures: new CaptureStore(s3Client(), DATA_BUCKET),
    isDeployed: (model) => models.has(model),
    readVersion: (model, version) => registry.readVersion(model, version),
    readDefinition: async ({ packagePrefix }) => {
      const location = { bucket: MODEL_BUCKET, key: `${packagePrefix}definition.json` };
      return (await readDocument(s3Client(), location, deployedModel)).definition;
    },
    now: () => new Date(),
  });
}

let desk: CaptureDesk | undefined;

/** Keeps what runners without a network predicted. */
export const handler = apiHandler(async (event) => {
  desk ??= composeDesk();
  const { model } = event.pathParameters ?? {};
  if (event.httpMethod !== 'POST' || model === undefined) {
    throw new EvergreenError('route-unknown', `${event.httpMethod} ${event.path} is not served here`);
  }
  const reply = await desk.take(model, jsonBodyOf(event));
  const captured = { value: reply.accepted - reply.repeated, unit: 'Count' } as const;
  process.stdout.write(`${metricLine(new Date(), {}, [[]], { Captured: captured })}\n`);
  return { status: 200, content: reply };
});
