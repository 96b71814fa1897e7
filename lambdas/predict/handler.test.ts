import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GetObjectCommand, NoSuchKey, S3Client } from '@aws-sdk/client-s3';
import { DynamoDBDocumentClient, GetCommand } from '@aws-sdk/lib-dynamodb';
import { mockClient } from 'aws-sdk-client-mock';
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { aFlower, trainedFlowers } from '../../lib/inference/fixtures/models.ts';
import { MemorySource } from '../../lib/inference/fixtures/packages.ts';
import { kmsServer } from '../../lib/registry/fixtures/kms-server.ts';

const documents = mockClient(DynamoDBDocumentClient);
const s3 = mockClient(S3Client);

function anEvent(change: object = {}) {
  return {
    httpMethod: 'POST',
    path: '/models/flowers/predict',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ rows: [aFlower] }),
    isBase64Encoded: false,
    requestContext: { requestId: 'request-1' },
    ...change,
  };
}

const taskRoot = mkdtempSync(join(tmpdir(), 'predict-'));
writeFileSync(join(taskRoot, 'openapi.json'), '{"openapi":"3.1.0"}');

afterAll(() => rmSync(taskRoot, { recursive: true }));

describe('predict', () => {
  const lines: string[] = [];

  let stopKms: () => Promise<unknown>;

  beforeEach(async () => {
    vi.resetModules();
    lines.length = 0;
    vi.stubEnv('REGISTRY_TABLE', 'registry');
    vi.stubEnv('MODEL_BUCKET', 'models');
    vi.stubEnv('MODEL_NAMES', 'flowers,prices');
    vi.stubEnv('SIGNING_KEY', 'arn:aws:kms:eu-central-1:111122223333:key/1');
    vi.stubEnv('HASH_KEY', 'arn:aws:kms:eu-central-1:111122223333:key/2');
    vi.stubEnv('LAMBDA_TASK_ROOT', taskRoot);
    vi.stubEnv('AWS_LAMBDA_FUNCTION_MEMORY_SIZE', '1769');
    vi.stubEnv('AWS_REGION', 'eu-central-1');
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKIDEXAMPLE');
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'secret');
    vi.stubEnv('_X_AMZN_TRACE_ID', 'Root=1-6abc;Parent=53995c3f42cd8ad8;Sampled=1');
    vi.spyOn(process.stdout, 'write').mockImplementation((line) => {
      lines.push(String(line));
      return true;
    });
    const source = new MemorySource();
    const kms = await kmsServer(() => ({ body: { PublicKey: source.key.der.toString('base64') } }));
    vi.stubEnv('AWS_ENDPOINT_URL_KMS', kms.url);
    stopKms = kms.close;
    source.setLive('flowers', { champion: source.add(1, trainedFlowers()) });
    documents
      .on(GetCommand, { TableName: 'registry' })
      .callsFake(async ({ Key }: { Key: { pk: string; sk: string } }) => {
        const live = Key.sk === 'LIVE' ? await source.readLive(Key.pk.replace('MODEL#', '')) : undefined;
        return { Item: live && { ...Key, ...live } };
      });
    s3.on(GetObjectCommand, { Bucket: 'models' }).callsFake(({ Key }: { Key: string }) => {
      const bytes = source.objects.get(Key);
      if (!bytes) throw new NoSuchKey({ message: 'none', $metadata: {} });
      return { Body: { transformToByteArray: async () => bytes } };
    });
  });

  afterEach(async () => {
    await stopKms();
    documents.reset();
    s3.reset();
    vi.unstubAllEnvs();
    vi.restoreAllMocks();
  });

  it('answers an event of a REST API', async () => {
    const { handler } = await import('./handler.ts');
    const reply = await handler(anEvent());
    expect(reply).toMatchObject({ statusCode: 200, headers: { 'content-type': 'application/json' } });
    expect(JSON.parse(reply.body)).toMatchObject({
      version: 1,
      traceId: '1-6abc',
      predictions: [{ label: 'iris' }],
    });
    expect(lines).toHaveLength(2);
    expect(lines[0]).toMatch(/"kind":"version-loaded"/);
    expect(lines[1]).toMatch(/^\{"_aws":.*"kind":"prediction".*\}\n$/);
  });

  it('has loaded what is live when its init phase ends', async () => {
    const { handler, warmUp } = await import('./handler.ts');
    await warmUp();
    expect(lines.map((line) => JSON.parse(line).kind)).toEqual(['version-loaded']);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ model: 'flowers', version: '1', level: 'info' });
    expect((await handler(anEvent())).statusCode).toBe(200);
    expect(lines.map((line) => JSON.parse(line).kind)).toEqual(['version-loaded', 'prediction']);
  });

  it('begins although the registry does not answer', async () => {
    documents.reset();
    documents.on(GetCommand).rejects(new Error('ECONNREFUSED'));
    const { handler, warmUp } = await import('./handler.ts');
    await warmUp();
    expect((await handler(anEvent())).statusCode).toBe(503);
  });

  it('shows the OpenAPI document that lies beside its code', async () => {
    const { handler } = await import('./handler.ts');
    const reply = await handler(anEvent({ httpMethod: 'GET', path: '/openapi.json', body: null }));
    expect(reply).toMatchObject({ statusCode: 200, body: '{"openapi":"3.1.0"}' });
  });

  it('reads a body in base64', async () => {
    const { handler } = await import('./handler.ts');
    const body = Buffer.from(JSON.stringify({ rows: [aFlower] })).toString('base64');
    expect((await handler(anEvent({ body, isBase64Encoded: true }))).statusCode).toBe(200);
  });

  it('answers with bytes where API Gateway hands them on, and in JSON elsewhere', async () => {
    const { handler } = await import('./handler.ts');
    const inputs = Object.entries(aFlower).map(([name, value]) => ({
      name,
      datatype: typeof value === 'string' ? 'BYTES' : typeof value === 'boolean' ? 'BOOL' : 'FP64',
      shape: [1],
      data: [value],
    }));
    const body = JSON.stringify({ inputs, outputs: [{ name: 'label', parameters: { binary_data: true } }] });
    const ask = (accept: string) =>
      handler(anEvent({ path: '/v2/models/flowers/infer', headers: { Accept: accept }, body }));
    const reply = await ask('application/octet-stream, application/json;q=0.5');
    expect(reply).toMatchObject({
      statusCode: 200,
      headers: { 'content-type': 'application/octet-stream' },
      isBase64Encoded: true,
    });
    const bytes = Buffer.from(reply.body, 'base64');
    const json = Number(reply.headers?.['inference-header-content-length']);
    expect(JSON.parse(bytes.toString('utf8', 0, json)).outputs).toMatchObject([{ name: 'label' }]);
    expect(bytes.subarray(json)).toEqual(Buffer.from('\u0004\0\0\0iris'));
    for (const accept of ['*/*', 'application/json, application/octet-stream']) {
      const text = await ask(accept);
      expect(text).not.toHaveProperty('isBase64Encoded');
      expect(JSON.parse(text.body).outputs).toMatchObject([{ name: 'label', data: ['iris'] }]);
    }
  });

  it('answers problems as they are', async () => {
    const { handler } = await import('./handler.ts');
    expect((await handler(anEvent({ body: null }))).statusCode).toBe(400);
    expect((await handler(anEvent({ path: '/models/prices/predict' }))).statusCode).toBe(503);
    expect((await handler(anEvent({ path: '/models/roses/predict' }))).statusCode).toBe(404);
    expect(
      (await handler(anEvent({ httpMethod: 'GET', path: '/v2/health/live', body: null, headers: null })))
        .statusCode,
    ).toBe(200);
  });
});
