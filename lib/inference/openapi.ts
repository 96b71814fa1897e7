import * as z from 'zod';
import type { ModelDefinition } from '../model/definition.ts';
import { maxExplainedRows } from './explain.ts';
import { mediaTypes } from './request-body.ts';
import { invocationsSchema, type JsonSchema, objectOf, rowSchema, rowsOf } from './row-schema.ts';
import {
  explainReply,
  inferReply,
  inferRequest,
  invocationsReply,
  liveReply,
  modelReadyReply,
  modelReply,
  predictReply,
  problemDocument,
  readyReply,
  serverReply,
} from './wire-schemas.ts';

/* The OpenAPI 3.1 document of a deployment: what is asked of any model, and for each model what its rows are. */

/** Who lets callers in: keys in `x-api-key`, signatures of AWS, or nobody. */
export type Authorization = 'key' | 'iam' | 'none';

export interface ApiDescription {
  version: string;
  models: readonly ModelDefinition[];
  authorization: Authorization;
  /** Whether MLflow's and SageMaker's ways to ask are served, which the standalone server alone does. */
  hasInvocations: boolean;
  /** Of rooms that answer beside predictions. */
  furtherPaths?: Readonly<Record<string, object>>;
}

/** JSON Schema of a zod schema, for a place in the document. */
export const toSchema = (schema: z.ZodType): JsonSchema => {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io: 'input' });
  return rest;
};

const json = (schema: JsonSchema) => ({ 'application/json': { schema } });
const reference = (name: string): JsonSchema => ({ $ref: `#/components/schemas/${name}` });

export const replyOf = (schema: z.ZodType, description: string) => ({
  description,
  content: json(toSchema(schema)),
});

const meanings: Record<number, string> = {
  400: 'The body is not JSON, or the request no whole HTTP request',
  403: 'No valid key, or no valid signature',
  404: 'There is no such model, live version or path',
  409: 'What is there already says otherwise',
  413: 'The body, or its number of rows, is over the limit',
  415: 'The content type or encoding is not read',
  422: 'The body does not fit the model; `errors` points at what does not',
  429: 'Too many requests, or the quota is used up',
  500: 'Something went wrong; the logs know the id in `instance`',
  503: 'No answer at the moment; try again after `Retry-After`',
};

/** Every problem that an operation may answer with. */
export function problems(...statuses: number[]): Record<string, object> {
  return Object.fromEntries(
    [403, 404, ...statuses, 429, 500, 503].map((status) => [
      String(status),
      {
        description: meanings[status] ?? '',
        content: { 'application/problem+json': { schema: reference('Problem') } },
      },
    ]),
  );
}

export const pathParameter = (name: string, schema: JsonSchema, description: string) => ({
  name,
  in: 'path',
  required: true,
  schema,
  description,
});

const bodyProblems = [400, 413, 415, 422];

const requestBody = (content: object) => ({ required: true, content });

function get(operationId: string, summary: string, reply: object, more: object = {}) {
  return { get: { operationId, summary, responses: { 200: reply, ...problems() }, ...more } };
}

function post(operationId: string, summary: string, body: object, reply: object, more: object = {}) {
  const responses = { 200: reply, ...problems(...bodyProblems) };
  return { post: { operationId, summary, requestBody: requestBody(body), responses, ...more } };
}

/** Of a JSON reply that may as well say that it is not so far. */
function getReadiness(operationId: string, summary: string, schema: z.ZodType, more: object = {}) {
  const notYet = { ...meaningOf(503), content: { ...json(toSchema(schema)), ...problemContent } };
  const responses = { 200: replyOf(schema, 'Ready'), ...problems(), 503: notYet };
  return { get: { operationId, summary, responses, ...more } };
}

const meaningOf = (status: number) => ({ description: meanings[status] ?? '' });
const problemContent = { 'application/problem+json': { schema: reference('Problem') } };

function serverPaths(): Record<string, object> {
  return {
    '/v2': get('describeServer', 'What the server is', replyOf(serverReply, 'Name, version, extensions')),
    '/v2/health/live': get('isLive', 'Whether the process answers', replyOf(liveReply, 'It does')),
    '/v2/health/ready': getReadiness('isReady', 'Whether requests may be sent', readyReply),
    '/openapi.json': get('readApi', 'This document', {
      description: 'OpenAPI 3.1',
      content: json({ type: 'object' }),
    }),
  };
}

/** The Open Inference Protocol, the same for every model. */
function protocolPaths(modelNames: readonly string[]): Record<string, object> {
  const model = pathParameter('model', { type: 'string', enum: modelNames }, 'Name of a model');
  const version = pathParameter(
    'version',
    { type: 'string', pattern: '^[1-9][0-9]{0,8}$' },
    'Number of a live version: the champion, the candidate or the champion before',
  );
  const of = (base: string, named: string, parameters: object[]) => ({
    [base]: get(`describe${named}`, 'What it takes and gives', replyOf(modelReply, 'Its tensors'), {
      parameters,
    }),
    [`${base}/ready`]: getReadiness(`is${named}Ready`, 'Whether it answers', modelReadyReply, { parameters }),
    [`${base}/infer`]: post(
      `infer${named}`,
      'Predictions by the Open Inference Protocol',
      json(toSchema(inferRequest)),
      {
        description: 'One tensor for each output; in bytes behind a JSON document where the request says so',
        content: { ...json(toSchema(inferReply)), [mediaTypes.octets]: {} },
      },
      { parameters },
    ),
  });
  return {
    ...of('/v2/models/{model}', 'Model', [model]),
    ...of('/v2/models/{model}/versions/{version}', 'Version', [model, version]),
  };
}

/** `iris-small` as `IrisSmall`. */
const pascal = (name: string) =>
  name
    .split('-')
    .map((part) => part.slice(0, 1).toUpperCase() + part.slice(1))
    .join('');

function modelPaths(definition: ModelDefinition, hasInvocations: boolean): Record<string, object> {
  const { name, target } = definition;
  const row = reference(rowName(definition));
  const tags = [name];
  const invocations = {
    [`/models/${name}/invocations`]: post(
      `invoke${pascal(name)}`,
      `Predictions of ${target.name}, asked as MLflow and SageMaker do`,
      {
        ...json(invocationsSchema(definition, row)),
        'text/csv': { schema: { type: 'string', description: 'One row a line, with or without a header' } },
      },
      {
        description: 'A label or a value for each row',
        content: { ...json(toSchema(invocationsReply)), 'text/csv': { schema: { type: 'string' } } },
      },
      { tags },
    ),
  };
  return {
    [`/models/${name}/predict`]: post(
      `predict${pascal(name)}`,
      `Predictions of ${target.name}`,
      json(objectOf({ rows: rowsOf(row) })),
      replyOf(predictReply, 'One prediction for each row'),
      { tags },
    ),
    [`/models/${name}/explain`]: post(
      `explain${pascal(name)}`,
      `What each feature contributes to predictions of ${target.name}`,
      json(objectOf({ rows: rowsOf(row, maxExplainedRows) })),
      replyOf(explainReply, 'One explanation for each row'),
      { tags },
    ),
    ...(hasInvocations ? invocations : {}),
  };
}

const rowName = ({ name }: ModelDefinition) => `${pascal(name)}Row`;

const schemes: Record<Exclude<Authorization, 'none'>, object> = {
  key: { type: 'apiKey', in: 'header', name: 'x-api-key' },
  iam: {
    type: 'apiKey',
    in: 'header',
    name: 'Authorization',
    description: 'AWS Signature Version 4 of the service execute-api',
    'x-amazon-apigateway-authtype': 'awsSigv4',
  },
};

/** The document. Equal deployments have equal ones. */
export function describeApi(description: ApiDescription): Record<string, unknown> {
  const { version, models, authorization, hasInvocations, furtherPaths = {} } = description;
  const names = models.map(({ name }) => name);
  return {
    openapi: '3.1.0',
    info: {
      title: 'Evergreen',
      version,
      description: `Predictions of ${names.join(', ')}. Errors are RFC 9457 problems with stable types.`,
    },
    servers: [{ url: '.' }],
    ...(authorization === 'none' ? {} : { security: [{ [authorization]: [] }] }),
    paths: {
      ...serverPaths(),
      ...Object.assign({}, ...models.map((model) => modelPaths(model, hasInvocations))),
      ...protocolPaths(names),
      ...furtherPaths,
    },
    components: {
      schemas: {
        Problem: toSchema(problemDocument),
        ...Object.fromEntries(models.map((model) => [rowName(model), rowSchema(model)])),
      },
      ...(authorization === 'none' ? {} : { securitySchemes: { [authorization]: schemes[authorization] } }),
    },
  };
}
