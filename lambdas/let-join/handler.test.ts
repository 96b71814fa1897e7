import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn';
import { DynamoDBDocumentClient, GetCommand, PutCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { aRun } from '../../lib/intake/fixtures/builders.ts';
import { modelsFile } from '../../lib/model/deployed-models.ts';
import { invoke, stubFunction } from '../../lib/shared/fixtures/invoke.ts';
import { handler } from './handler.ts';

const documents = mockClient(DynamoDBDocumentClient);
const sfn = mockClient(SFNClient);
const folder = mkdtempSync(join(tmpdir(), 'evergreen-join-'));
writeFileSync(join(folder, modelsFile), '[]');

const event = (mayJoin: boolean) => ({ detail: { data: { runId: 'iris-run-1', model: 'iris', mayJoin } } });

beforeEach(() => {
  documents.reset();
  sfn.reset();
  vi.restoreAllMocks();
  stubFunction('RUNS_TABLE', 'DATA_BUCKET', 'PIPELINE_ARN');
  vi.stubEnv('LAMBDA_TASK_ROOT', folder);
  documents.on(UpdateCommand).resolves({});
  for (const [runId, status] of [
    ['iris-run-1', 'running'],
    ['iris-run-2', 'queued'],
  ] as const) {
    documents.on(GetCommand, { Key: { pk: `RUN#${runId}`, sk: 'RUN' } }).resolves({
      Item: aRun({ runId, status, definitionDigest: 'd' }),
    });
  }
  const queue = { running: 'iris-run-1', waiting: [{ runId: 'iris-run-2', kind: 'upload' }], revision: 3 };
  documents.on(GetCommand, { Key: { pk: 'QUEUE#iris', sk: 'QUEUE' } }).resolves({ Item: queue });
  documents.on(PutCommand).callsFake(({ Item }) => {
    documents.on(GetCommand, { Key: { pk: 'QUEUE#iris', sk: 'QUEUE' } }).resolves({ Item });
    return {};
  });
  sfn.on(StartExecutionCommand).resolves({});
});

describe('let-join', () => {
  it('starts the run that waits beside the one whose test is on', async () => {
    await invoke(handler, event(true));
    const [queue] = documents.commandCalls(PutCommand);
    expect(queue?.args[0].input.Item).toMatchObject({ running: 'iris-run-2', testing: ['iris-run-1'] });
    const [started] = sfn.commandCalls(StartExecutionCommand);
    expect(started?.args[0].input.name).toBe('iris-run-2');
  });

  it('refuses an event of a test that nobody may join', async () => {
    await expect(invoke(handler, event(false))).rejects.toMatchObject({ name: 'Evergreen.InvalidInput' });
    expect(sfn.commandCalls(StartExecutionCommand)).toHaveLength(0);
  });
});
