import * as z from 'zod';
import { pathParameter, problems, replyOf, toSchema } from '../inference/openapi.ts';
import { capturesBody, maxCaptures } from './edge-captures.ts';

const capturesReply = z.object({
  accepted: z.int(),
  repeated: z.int(),
  refused: z.array(z.object({ index: z.int(), code: z.string(), pointer: z.string(), message: z.string() })),
});

/** What runners without a network send later, in the OpenAPI document of a deployment. */
export function capturesPaths(modelNames: readonly string[]): Record<string, object> {
  const model = pathParameter('model', { type: 'string', enum: modelNames }, 'Name of a model');
  return {
    '/models/{model}/captures': {
      post: {
        operationId: 'sendCaptures',
        summary: `Predictions that an exported version answered without a network, at most ${maxCaptures}`,
        parameters: [model],
        requestBody: { required: true, content: { 'application/json': { schema: toSchema(capturesBody) } } },
        responses: {
          200: replyOf(capturesReply, 'What is on record now'),
          ...problems(400, 409, 413, 415, 422),
        },
      },
    },
  };
}
