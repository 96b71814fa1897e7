import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import {
  DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  QueryCommand,
  TransactWriteCommand,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { readArrival } from '../../lib/intake/arrival.ts';
import { deployModel } from '../../lib/model/deployed-model.ts';
import { modelsFile } from '../../lib/model/deployed-models.ts';
import { neverLive, toLiveVersion } from '../../lib/registry/registry.ts';
import { aModelVersion } from '../../lib/remediation/fixtures/builders.ts';
import { invoke, objectBody, stubFunction } from '../../lib/shared/fixtures/invoke.ts';
import iris from '../../models/iris/model.ts';
import { handler } from './handler.ts';

const documents = mockClient(DynamoDBDocumentClient);
const s3 = mockClient(S3Client);
const sqs = mockClient(SQSClient);
const folder = mkdtempSync(join(tmpdir(), 'ask-'));
const digest = 'a'.repeat(64);
const definition = { ...iris, retrain: { ...iris.retrain, everyLabels: 2 } };
const code = { key: 'code/a.tar.gz', digest, program: 'train.py' };
writeFileSync(join(folder, modelsFile), JSON.stringify([deployModel(definition, code)]));

const file = { key: 'k', sha256: digest, bytes: 1 };
const began = '2026-11-20T00:00:00.000Z';
const manifest = {
  schema: 'evergreen/dataset/v1',
  model: 'iris',
  datasetId: 'ds-2',
  definitionDigest: digest,
  source: {
    bucket: 'data',
    key: 'incoming/iris/a.csv',
    versionId: 'v1',
    format: 'csv',
    bytes: 1,
    sha256: digest,
  },
  rows: { read: 3, accepted: 3, quarantined: 0, duplicates: 0, train: 2, test: 1 },
  files: { train: file, test: file, golden: file, profile: file, report: file, quarantine: null },
  createdAt: began,
};
const aLabel = (predictionId: string) => ({
  predictionId,
  row: 0,
  label: '"setosa"',
  model: 'iris',
  labelledAt: '2026-11-22T00:00:00.000Z',
  corrections: 0,
  replaced: '[]',
  expiresAt: 4_000_000_000,
});
const lines: string[] = [];

beforeEach(() => {
  for (const client of [documents, s3, sqs]) client.reset();
  lines.length = 0;
  vi.restoreAllMocks();
  stubFunction('REGISTRY_TABLE', 'RUNS_TABLE', 'PREDICTIONS_TABLE', 'DATA_BUCKET', 'INTAKE_QUEUE_URL');
  vi.stubEnv('LAMBDA_TASK_ROOT', folder);
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => lines.push(String(text)) > 0);
  const champion = toLiveVersion(aModelVersion(2), began);
  documents.on(GetCommand).resolves({});
  documents
    .on(GetCommand, { Key: { pk: 'MODEL#iris', sk: 'LIVE' } }, false)
    .resolves({ Item: { ...neverLive('iris', began), champion, revision: 3 } });
  documents.on(QueryCommand).resolves({ Items: [aLabel('p-1'), aLabel('p-2')] });
  documents.on(TransactWriteCommand).resolves({});
  documents.on(PutCommand).resolves({});
  documents.on(UpdateCommand).resolves({});
  s3.on(GetObjectCommand).callsFake(() => ({ Body: objectBody(manifest) }));
  sqs.on(SendMessageCommand).resolves({});
});

describe('ask-retrain', () => {
  it('sends what intake reads as an arrival when enough labels came', async () => {
    expect(await invoke(handler, { model: 'iris' })).toMatchObject({ outcome: 'asked' });
    const [call, ...more] = sqs.commandCalls(SendMessageCommand);
    expect(more).toEqual([]);
    expect(readArrival(call?.args[0].input.MessageBody ?? '')).toMatchObject({
      model: 'iris',
      trigger: { kind: 'feedback' },
      identity: ['feedback', 'labels-2-2'],
    });
  });

  it('sends nothing when too few did', async () => {
    documents.on(QueryCommand).resolves({ Items: [aLabel('p-1')] });
    expect(await invoke(handler, { model: 'iris' })).toMatchObject({ outcome: 'nothing' });
    expect(sqs.commandCalls(SendMessageCommand)).toEqual([]);
  });

  it('calls a person when retrains go on to bring nothing', async () => {
    documents
      .on(GetCommand, { Key: { pk: 'MODEL#iris', sk: 'RETRAIN' } }, false)
      .resolves({ Item: { lastRetrainAt: began, championVersion: 2, attempts: 3 } });
    expect(await invoke(handler, { model: 'iris' })).toMatchObject({ outcome: 'wait', page: true });
    expect(lines.some((line) => line.includes('"AlarmsForPeople":1'))).toBe(true);
  });

  it('refuses a model that is not deployed', async () => {
    await expect(invoke(handler, { model: 'tulip' })).rejects.toThrow(/no model is named tulip/);
  });
});
