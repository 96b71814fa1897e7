import * as z from 'zod';
import { explainedOutput } from '../training/explanation.ts';
import { prediction, variant } from './prediction-record.ts';
import { datatypes } from './tensor-datatypes.ts';

/* What bodies look like on the wire. Replies are written by code that is typed otherwise; tests hold them against these. */

const digest = z.string().regex(/^[0-9a-f]{64}$/);

const facts = {
  model: z.string(),
  version: z.int().positive(),
  modelDigest: digest,
  datasetId: z.string(),
  traceId: z.string(),
};
const predicted = { predictionId: z.string(), ...facts };

export const problemDocument = z.object({
  type: z.string().regex(/^urn:evergreen:error:[a-z-]+$/),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  instance: z.string().describe('Trace id, to be found in the logs'),
  error: z.string().optional().describe('The detail, where clients of the Open Inference Protocol look'),
  errors: z.array(z.object({ pointer: z.string().describe('RFC 6901'), message: z.string() })).optional(),
});

export const predictReply = z.object({ ...predicted, predictions: z.array(prediction) });

export const explainReply = z.object({
  ...facts,
  output: explainedOutput,
  method: z.enum(['enumeration', 'permutation']),
  explanations: z.array(
    z.looseObject({
      answer: z.number(),
      base: z.number(),
      contributions: z.record(z.string(), z.number()),
    }),
  ),
});

export const invocationsReply = z.object({
  predictions: z.array(z.union([z.string(), z.number()])),
  ...predicted,
});

export const readyReply = z.object({ ready: z.boolean() });
export const liveReply = z.object({ live: z.boolean() });
export const modelReadyReply = z.object({ name: z.string(), ready: z.boolean() });
export const serverReply = z.object({
  name: z.string(),
  version: z.string(),
  extensions: z.array(z.string()),
});

const metadata = z.object({
  name: z.string(),
  datatype: z.string(),
  shape: z.array(z.int().min(-1)),
  parameters: z.record(z.string(), z.string()).optional(),
});

export const modelReply = z.object({
  name: z.string(),
  versions: z.array(z.string()),
  platform: z.string(),
  inputs: z.array(metadata),
  outputs: z.array(metadata),
});

export const inferRequest = z.object({
  id: z.string().max(200).optional(),
  parameters: z.record(z.string(), z.unknown()).optional(),
  inputs: z
    .array(
      z.object({
        name: z.string(),
        shape: z.array(z.int().min(1)).min(1).max(2),
        datatype: z.enum(datatypes),
        parameters: z.record(z.string(), z.unknown()).optional(),
        data: z.array(z.unknown()),
      }),
    )
    .min(1)
    .max(1000),
  outputs: z.array(z.looseObject({ name: z.string() })).optional(),
});

export const inferReply = z.object({
  model_name: z.string(),
  model_version: z.string(),
  id: z.string(),
  parameters: z.object({
    predictionId: z.string(),
    modelDigest: digest,
    datasetId: z.string(),
    traceId: z.string(),
    variant,
  }),
  outputs: z.array(
    z.object({
      name: z.enum(['label', 'scores', 'value']),
      datatype: z.enum(['BYTES', 'FP32']),
      shape: z.array(z.int()),
      data: z.array(z.union([z.string(), z.number()])),
      parameters: z.record(z.string(), z.string()).optional(),
    }),
  ),
});
