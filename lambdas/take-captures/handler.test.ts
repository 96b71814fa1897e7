import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { BatchGetCommand, DynamoDBDocumentClient, GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import type { APIGatewayProxyEvent } from 'aws-lambda';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { deployModel } from '../../lib/model/deployed-model.ts';
import { modelsFile } from '../../lib/model/deployed-models.ts';
import { aVersion } from '../../lib/registry/fixtures/builders.ts';
import { storedVersion } from '../../lib/registry/registry-writes.ts';
import { uuidV7 } from '../../lib/shared/ids.ts';
import iris from '../../models/iris/model.ts';
import { handler } from './handler.ts';

const folder = mkdtempSync(join(tmpdir(), 'captures-'));
const deployed = deployModel(iris, { key: 'code/a.tar.gz', digest: 'a'.repeat(64), program: 'train.py' });
writeFileSync(join(folder, modelsFile), JSON.stringify([deployed]));

const s3 = mockClient(S3Client);
const documents = mockClient(DynamoDBDocumentClient);
const version = aVersion(3);
let lines: string[] = [];

beforeEach(() => {
  s3.reset();
  documents.reset();
  lines = [];
  for (const name of ['DATA_BUCKET', 'MODEL_BUCKET', 'REGISTRY_TABLE', 'PREDICTIONS_TABLE']) {
    vi.stubEnv(name, name);
  }
  vi.stubEnv('LAMBDA_TASK_ROOT', folder);
  vi.stubEnv('AWS_REGION', 'eu-west-1');
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => lines.push(String(text)) > 0);
  documents.on(GetCommand).resolves({ Item: storedVersion.encode(version) });
  documents.on(BatchGetCommand).resolves({});
  documents.on(PutCommand).resolves({});
  s3.on(GetObjectCommand).callsFake(async () => ({
    Body: { transformToByteArray: async () => Buffer.from(JSON.stringify(deployed)) },
  }));
  s3.on(PutObjectCommand).resolves({});
});

const capture = () => ({
  predictionId: uuidV7(),
  traceId: 't',
  version: 3,
  packageDigest: version.packageDigest,
  at: new Date().toISOString(),
  latencyMs: 1,
  rows: [{ sepal_length: 5.1, sepal_width: 3.5, petal_length: 1.4, petal_width: 0.2 }],
  predictions: [{ label: 'setosa' }],
});

function anEvent(changes: Partial<APIGatewayProxyEvent> = {}): APIGatewayProxyEvent {
  return {
    httpMethod: 'POST',
    path: '/models/iris/captures',
    pathParameters: { model: 'iris' },
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ captures: [capture(), capture()] }),
    isBase64Encoded: false,
    requestContext: { requestId: 'trace-1' },
    ...changes,
  } as APIGatewayProxyEvent;
}

describe('take-captures', () => {
  it('keeps predictions as one object and a receipt each, written on a condition, and counts them', async () => {
    const { statusCode, body } = await handler(anEvent());
    expect([statusCode, JSON.parse(body)]).toEqual([200, { accepted: 2, repeated: 0, refused: [] }]);
    expect(s3.commandCalls(PutObjectCommand)).toHaveLength(1);
    const puts = documents.commandCalls(PutCommand).map((call) => call.args[0].input);
    expect(puts).toHaveLength(2);
    for (const { TableName, Item, ConditionExpression } of puts) {
      expect(TableName).toBe('PREDICTIONS_TABLE');
      expect(Item).toMatchObject({ sk: 'CAPTURE', variant: 'edge', model: 'iris' });
      expect(ConditionExpression).toBe('attribute_not_exists(pk)');
    }
    expect(lines.map((line) => JSON.parse(line))).toEqual([expect.objectContaining({ Captured: 2 })]);
  });

  it.each<[string, Partial<APIGatewayProxyEvent>, number, string]>([
    ['what is not JSON', { body: '{' }, 400, 'request-not-json'],
    ['a body over the limit', { body: ' '.repeat(2 * 1024 * 1024 + 1) }, 413, 'request-too-large'],
    ['another media type', { headers: { 'content-type': 'text/csv' } }, 415, 'media-type-unsupported'],
    ['a body that does not fit', { body: '{"captures":[]}' }, 422, 'request-invalid'],
    ['an unknown model', { pathParameters: { model: 'wine' } }, 404, 'model-unknown'],
    ['another route', { httpMethod: 'GET' }, 404, 'route-unknown'],
  ])('answers %s with a problem', async (_, changes, status, code) => {
    const { statusCode, headers, body } = await handler(anEvent(changes));
    expect(statusCode).toBe(status);
    expect(headers?.['content-type']).toBe('application/problem+json');
    expect(JSON.parse(body)).toMatchObject({ type: `urn:evergreen:error:${code}`, instance: 'trace-1' });
    expect(documents.commandCalls(PutCommand)).toEqual([]);
  });

  it('fails whole when the objects cannot be written, and leaves no receipt', async () => {
    s3.on(PutObjectCommand).rejects(new Error('down'));
    expect((await handler(anEvent())).statusCode).toBe(500);
    expect(documents.commandCalls(PutCommand)).toEqual([]);
  });
});
