import * as z from 'zod';
import { pathParameter, problems, replyOf, toSchema } from '../inference/openapi.ts';
import { prediction, recordedVariant } from '../inference/prediction-record.ts';
import { feedbackBody } from './feedback.ts';

const feedbackReply = z.object({
  accepted: z.int(),
  corrected: z.int(),
  repeated: z.int(),
  refused: z.array(z.object({ index: z.int(), code: z.string(), pointer: z.string(), message: z.string() })),
});

const receiptReply = z.object({
  predictionId: z.string(),
  traceId: z.string(),
  model: z.string(),
  version: z.int(),
  modelDigest: z.string(),
  variant: recordedVariant,
  at: z.iso.datetime(),
  rowCount: z.int(),
  predictions: z.array(prediction),
  dataset: z.object({ datasetId: z.string(), manifestKey: z.string().nullable() }),
  lineage: z
    .object({
      runId: z.string(),
      definitionDigest: z.string(),
      codeDigest: z.string(),
      trainingJobName: z.string(),
      parentVersion: z.int().nullable(),
    })
    .nullable(),
  labels: z.array(
    z.object({
      row: z.int(),
      label: z.union([z.string(), z.number()]),
      labelledAt: z.string(),
      corrections: z.int(),
    }),
  ),
});

/** Labels and receipts in the OpenAPI document of a deployment. */
export function feedbackPaths(modelNames: readonly string[]): Record<string, object> {
  const model = pathParameter('model', { type: 'string', enum: modelNames }, 'Name of a model');
  const id = pathParameter('id', { type: 'string' }, 'Id of a prediction, as its reply named it');
  return {
    '/models/{model}/feedback': {
      post: {
        operationId: 'sendFeedback',
        summary: 'What turned out to be true of rows that were predicted',
        parameters: [model],
        requestBody: { required: true, content: { 'application/json': { schema: toSchema(feedbackBody) } } },
        responses: { 202: replyOf(feedbackReply, 'What was taken'), ...problems(400, 409, 413, 415, 422) },
      },
    },
    '/predictions/{id}': {
      get: {
        operationId: 'readReceipt',
        summary: 'Which version answered, and where it comes from',
        parameters: [id],
        responses: { 200: replyOf(receiptReply, 'The receipt'), ...problems() },
      },
    },
  };
}
