import type { APIGatewayProxyEvent, APIGatewayProxyResult } from 'aws-lambda';
import { z } from 'zod';
import { toProblem } from '../../lib/inference/problem.ts';
import { parseStrictJson } from '../../lib/inference/strict-json.ts';
import { readDeployedModels } from '../../lib/model/deployed-models.ts';
import { CaptureStore } from '../../lib/monitoring/captures.store.ts';
import { FeedbackDesk } from '../../lib/monitoring/feedback-desk.ts';
import { PredictionStore } from '../../lib/monitoring/predictions.store.ts';
import { RegistryStore } from '../../lib/registry/registry.store.ts';
import { documentClient, s3Client } from '../../lib/shared/clients.ts';
import { readEnvironment } from '../../lib/shared/environment.ts';
import { EvergreenError, messageOf } from '../../lib/shared/errors.ts';

const variables = {
  DATA_BUCKET: z.string(),
  REGISTRY_TABLE: z.string(),
  PREDICTIONS_TABLE: z.string(),
  LAMBDA_TASK_ROOT: z.string(),
};
const maxDepth = 4;

function composeDesk(): FeedbackDesk {
  const { DATA_BUCKET, REGISTRY_TABLE, PREDICTIONS_TABLE, LAMBDA_TASK_ROOT } = readEnvironment(variables);
  const models = readDeployedModels(LAMBDA_TASK_ROOT);
  const registry = new RegistryStore(documentClient(), REGISTRY_TABLE);
  return new FeedbackDesk({
    predictions: new PredictionStore(documentClient(), PREDICTIONS_TABLE),
    captures: new CaptureStore(s3Client(), DATA_BUCKET),
    readVersion: (model, version) => registry.readVersion(model, version),
    targetOf: (model) => models.get(model)?.definition.target,
    now: () => new Date(),
  });
}

let desk: FeedbackDesk | undefined;

function bodyOf({ body, headers, isBase64Encoded }: APIGatewayProxyEvent): unknown {
  const type = Object.entries(headers ?? {}).find(([name]) => name.toLowerCase() === 'content-type')?.[1];
  if (type !== undefined && !/^application\/json\s*(;|$)/i.test(type)) {
    throw new EvergreenError('media-type-unsupported', `${type} is not read here; send application/json`);
  }
  return parseStrictJson(Buffer.from(body ?? '', isBase64Encoded ? 'base64' : 'utf8'), { depth: maxDepth });
}

async function answer(event: APIGatewayProxyEvent): Promise<{ status: number; content: object }> {
  desk ??= composeDesk();
  const { model, id } = event.pathParameters ?? {};
  if (event.httpMethod === 'POST' && model !== undefined) {
    return { status: 202, content: await desk.take(model, bodyOf(event)) };
  }
  if (event.httpMethod === 'GET' && id !== undefined) return { status: 200, content: await desk.receipt(id) };
  throw new EvergreenError('route-unknown', `${event.httpMethod} ${event.path} is not served here`);
}

/** Takes labels for predictions and shows what answered one. */
export async function handler(event: APIGatewayProxyEvent): Promise<APIGatewayProxyResult> {
  const traceId = event.requestContext.requestId;
  try {
    const { status, content } = await answer(event);
    const headers = { 'content-type': 'application/json', 'cache-control': 'no-store' };
    return { statusCode: status, headers, body: JSON.stringify(content) };
  } catch (thrown) {
    const { status, headers, body } = toProblem(thrown, traceId);
    if (status >= 500) {
      process.stdout.write(`${JSON.stringify({ level: 'error', traceId, message: messageOf(thrown) })}\n`);
    }
    return { statusCode: status, headers, body };
  }
}
