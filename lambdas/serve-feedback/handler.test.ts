import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  BatchGetCommand,
  DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  QueryCommand,
} from '@aws-sdk/lib-dynamodb';
import type { APIGatewayProxyEvent } from 'aws-lambda';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { deployModel } from '../../lib/model/deployed-model.ts';
import { modelsFile } from '../../lib/model/deployed-models.ts';
import { neverLive } from '../../lib/registry/registry.ts';
import { uuidV7 } from '../../lib/shared/ids.ts';
import iris from '../../models/iris/model.ts';
import { handler } from './handler.ts';

const folder = mkdtempSync(join(tmpdir(), 'feedback-'));
const code = { key: 'code/a.tar.gz', digest: 'a'.repeat(64), program: 'train.py' };
writeFileSync(join(folder, modelsFile), JSON.stringify([deployModel(iris, code)]));

const documents = mockClient(DynamoDBDocumentClient);

beforeEach(() => {
  documents.reset();
  for (const name of ['DATA_BUCKET', 'REGISTRY_TABLE', 'PREDICTIONS_TABLE']) vi.stubEnv(name, 'x');
  vi.stubEnv('LAMBDA_TASK_ROOT', folder);
  vi.stubEnv('AWS_REGION', 'eu-west-1');
  documents.on(BatchGetCommand).resolves({});
  documents.on(QueryCommand).resolves({});
  documents
    .on(GetCommand)
    .resolves({ Item: { ...neverLive('iris', new Date().toISOString()), revision: 1 } });
  documents.on(PutCommand).resolves({});
});

function anEvent(changes: Partial<APIGatewayProxyEvent>): APIGatewayProxyEvent {
  return {
    httpMethod: 'POST',
    path: '/models/iris/feedback',
    pathParameters: { model: 'iris' },
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ predictionId: uuidV7(), label: 'setosa' }),
    isBase64Encoded: false,
    requestContext: { requestId: 'trace-1' },
    ...changes,
  } as APIGatewayProxyEvent;
}

describe('serve-feedback', () => {
  it('takes a label for a prediction of this minute that is not on record yet', async () => {
    const { statusCode, body } = await handler(anEvent({}));
    expect(statusCode).toBe(202);
    expect(JSON.parse(body)).toEqual({ accepted: 1, corrected: 0, repeated: 0, refused: [] });
  });

  it('reads a body in base64', async () => {
    const body = Buffer.from(String(anEvent({}).body)).toString('base64');
    expect((await handler(anEvent({ body, isBase64Encoded: true }))).statusCode).toBe(202);
  });

  it.each<[string, Partial<APIGatewayProxyEvent>, number, string]>([
    ['what is not JSON', { body: '{' }, 400, 'request-not-json'],
    ['an empty body', { body: null }, 400, 'request-not-json'],
    ['another media type', { headers: { 'content-type': 'text/csv' } }, 415, 'media-type-unsupported'],
    ['a body that does not fit', { body: '{"label":"a"}' }, 422, 'request-invalid'],
    ['an unknown category', { body: '{"predictionId":"p","label":"rose"}' }, 422, 'request-invalid'],
    ['an unknown prediction', { body: '{"predictionId":"p","label":"setosa"}' }, 404, 'prediction-unknown'],
    ['another route', { httpMethod: 'DELETE' }, 404, 'route-unknown'],
    [
      'an unknown receipt',
      { httpMethod: 'GET', path: '/predictions/p', pathParameters: { id: 'p' }, body: null },
      404,
      'prediction-unknown',
    ],
  ])('answers %s with a problem', async (_, changes, status, code) => {
    const { statusCode, headers, body } = await handler(anEvent(changes));
    expect(statusCode).toBe(status);
    expect(headers?.['content-type']).toBe('application/problem+json');
    expect(JSON.parse(body)).toMatchObject({ type: `urn:evergreen:error:${code}`, instance: 'trace-1' });
  });

  it('shows nothing of a failure but the id', async () => {
    const write = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
    documents.on(BatchGetCommand).rejects(new Error('secret table is broken'));
    const { statusCode, body } = await handler(anEvent({}));
    expect(statusCode).toBe(500);
    expect(body).not.toContain('secret');
    expect(write.mock.calls.join()).toContain('trace-1');
    write.mockRestore();
  });
});
