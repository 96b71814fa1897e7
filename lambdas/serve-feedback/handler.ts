import * as z from 'zod';
import { readDeployedModels } from '../../lib/model/deployed-models.ts';
import { CaptureStore } from '../../lib/monitoring/captures.store.ts';
import { FeedbackDesk } from '../../lib/monitoring/feedback-desk.ts';
import { PredictionStore } from '../../lib/monitoring/predictions.store.ts';
import { ThumbStore } from '../../lib/monitoring/thumbs.store.ts';
import { RegistryStore } from '../../lib/registry/registry.store.ts';
import { documentClient, s3Client } from '../../lib/shared/clients.ts';
import { readEnvironment } from '../../lib/shared/environment.ts';
import { EvergreenError } from '../../lib/shared/errors.ts';
import { apiHandler, jsonBodyOf } from '../api.ts';

const variables = {
  DATA_BUCKET: z.string(),
  REGISTRY_TABLE: z.string(),
  PREDICTIONS_TABLE: z.string(),
  LAMBDA_TASK_ROOT: z.string(),
};

function composeDesk(): FeedbackDesk {
  const { DATA_BUCKET, REGISTRY_TABLE, PREDICTIONS_TABLE, LAMBDA_TASK_ROOT } = readEnvironment(variables);
  const models = readDeployedModels(LAMBDA_TASK_ROOT);
  const registry = new RegistryStore(documentClient(), REGISTRY_TABLE);
  return new FeedbackDesk({
    predictions: new PredictionStore(documentClient(), PREDICTIONS_TABLE),
    thumbs: new ThumbStore(documentClient(), PREDICTIONS_TABLE),
    captures: new CaptureStore(s3Client(), DATA_BUCKET),
    readVersion: (model, version) => registry.readVersion(model, version),
    models: new Map(
      [...models].map(
        ([
          name,
          {
            definition: { target, monitor },
          },
        ]) => [name, { name, target, capture: monitor.capture }],
      ),
    ),
    now: () => new Date(),
  });
}

let desk: FeedbackDesk | undefined;

/** Takes labels for predictions and shows what answered one. */
export const handler = apiHandler(async (event) => {
  desk ??= composeDesk();
  const { model, id } = event.pathParameters ?? {};
  if (event.httpMethod === 'POST' && model !== undefined) {
    return { status: 202, content: await desk.take(model, jsonBodyOf(event)) };
  }
  if (event.httpMethod === 'GET' && id !== undefined) return { status: 200, content: await desk.receipt(id) };
  throw new EvergreenError('route-unknown', `${event.httpMethod} ${event.path} is not served here`);
});
