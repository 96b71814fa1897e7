import { readFile } from 'node:fs/promises';
import { DynamoDBDocumentClient, GetCommand } from '@aws-sdk/lib-dynamodb';
import type { Context } from 'aws-lambda';
import { mockClient } from 'aws-sdk-client-mock';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { datasetReport } from '../../lib/data/dataset.ts';
import { memoryObjects } from '../../lib/data/fixtures/memory-objects.ts';
import { definitionKey, deployModel } from '../../lib/model/deployed-model.ts';
import { neverLive } from '../../lib/registry/registry.ts';
import { s3Client } from '../../lib/shared/clients.ts';
import iris from '../../models/iris/model.ts';
import { handler } from './handler.ts';

const deployed = deployModel(iris, { key: 'code.zip', digest: 'c'.repeat(64), program: 'train.py' });
const request = {
  runId: 'run-1',
  model: 'iris',
  definitionDigest: deployed.digest,
  source: { bucket: 'data', key: 'incoming/iris/iris.csv', versionId: 'v1' },
};
// The function reads nothing from its context.
const context = {} as Context;
vi.stubEnv('AWS_REGION', 'eu-central-1');
const store = memoryObjects(s3Client());
const documents = mockClient(DynamoDBDocumentClient);

describe('validate-data', () => {
  beforeEach(() => {
    vi.stubEnv('DATA_BUCKET', 'data');
    vi.stubEnv('REGISTRY_TABLE', 'registry');
    vi.stubEnv('HASH_KEY', 'arn:aws:kms:eu-central-1:111122223333:key/2');
    documents.reset();
    documents.on(GetCommand).resolves({});
    vi.spyOn(process.stdout, 'write').mockReturnValue(true);
    store.objects.clear();
    store.put(definitionKey('iris', deployed.digest), JSON.stringify(deployed));
  });
  afterEach(() => {
    vi.unstubAllEnvs();
    vi.restoreAllMocks();
  });

  it('answers what the pipeline chooses by', async () => {
    store.put(
      request.source.key,
      await readFile(new URL('../../models/iris/data/iris.csv', import.meta.url)),
    );
    const outcome = await handler(request, context);
    expect(outcome).toMatchObject({ verdict: 'accepted', rows: { read: 150, train: 120, test: 30 } });
    expect(store.objects.has(outcome.manifestKey ?? '')).toBe(true);
  });

  it('holds the data against that of the champion, when it is still kept', async () => {
    const content = await readFile(new URL('../../models/iris/data/iris.csv', import.meta.url));
    store.put(request.source.key, content);
    const first = await handler(request, context);
    const champion = {
      version: 1,
      packagePrefix: 'packages/iris/p/',
      packageDigest: 'a'.repeat(64),
      modelDigest: 'b'.repeat(64),
      datasetId: first.datasetId,
      since: '2026-11-23T10:00:00.000Z',
    };
    documents.on(GetCommand).resolves({ Item: { ...neverLive('iris', champion.since), champion } });
    store.put('incoming/iris/again.csv', `${content}\n5.0,3.0,1.5,0.2,setosa\n`);
    const again = { ...request, source: { ...request.source, key: 'incoming/iris/again.csv' } };
    const compared = async () => {
      const { reportKey } = await handler(again, context);
      return datasetReport.parse(JSON.parse(store.text(reportKey))).comparedWith;
    };
    expect(await compared()).toBe(first.datasetId);
    for (const key of store.objects.keys()) {
      if (key.endsWith('profile.json') || key.endsWith('manifest.json')) store.objects.delete(key);
    }
    expect(await compared()).toBeNull();
  });

  it('ends as not found when the upload is gone', async () => {
    await expect(handler(request, context)).rejects.toMatchObject({
      name: 'Evergreen.NotFound',
      message: expect.stringMatching(/^upload-missing: version v1 of incoming\/iris\/iris.csv was deleted/),
    });
  });

  it('can be tried again when the definition is not there yet', async () => {
    store.objects.clear();
    await expect(handler(request, context)).rejects.toMatchObject({ name: 'Evergreen.Unavailable' });
  });

  it.each([
    ['input', { ...request, definitionDigest: 'x' }, '1GB', 'Evergreen.InvalidInput'],
    ['memory limit', request, '1GB; DROP', 'Evergreen.Internal'],
  ])('refuses a wrong %s', async (_, input, memory, name) => {
    vi.stubEnv('DUCKDB_MEMORY_LIMIT', memory);
    await expect(handler(input, context)).rejects.toMatchObject({ name });
  });
});
