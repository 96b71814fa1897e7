import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DescribeExecutionCommand, SFNClient } from '@aws-sdk/client-sfn';
import {
  DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  TransactWriteCommand,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { aRun } from '../../lib/intake/fixtures/builders.ts';
import { modelsFile } from '../../lib/model/deployed-models.ts';
import { aLive } from '../../lib/registry/fixtures/builders.ts';
import { invoke, stubFunction } from '../../lib/shared/fixtures/invoke.ts';
import { handler } from './handler.ts';

const documents = mockClient(DynamoDBDocumentClient);
const sfn = mockClient(SFNClient);
const folder = mkdtempSync(join(tmpdir(), 'evergreen-end-'));
writeFileSync(join(folder, modelsFile), '[]');

const input = {
  runId: 'iris-run-2',
  model: 'iris',
  trigger: { kind: 'upload', reason: 'a.csv' },
  source: null,
  definitionDigest: 'd',
};
const event = { detail: { name: 'iris-run-2', status: 'ABORTED', input: JSON.stringify(input) } };

beforeEach(() => {
  documents.reset();
  sfn.reset();
  vi.restoreAllMocks();
  stubFunction('RUNS_TABLE', 'REGISTRY_TABLE', 'DATA_BUCKET', 'PIPELINE_ARN');
  vi.stubEnv('LAMBDA_TASK_ROOT', folder);
  documents.on(GetCommand).resolves({});
  documents.on(GetCommand, { Key: { pk: 'RUN#iris-run-2', sk: 'RUN' } }).resolves({
    Item: aRun({ runId: 'iris-run-2', status: 'running' }),
  });
  documents
    .on(GetCommand, { Key: { pk: 'MODEL#iris', sk: 'LIVE' } })
    .resolves({ Item: aLive({ champion: 1, candidate: 2 }) });
  documents.on(GetCommand, { Key: { pk: 'QUEUE#iris', sk: 'QUEUE' } }).resolves({
    Item: { running: 'iris-run-2', waiting: [], revision: 3 },
  });
  documents.on(PutCommand).callsFake(({ Item }) => {
    // The queue as it was written is the queue as it is read.
    documents.on(GetCommand, { Key: { pk: 'QUEUE#iris', sk: 'QUEUE' } }).resolves({ Item });
    return {};
  });
  documents.on(TransactWriteCommand).resolves({});
  documents.on(UpdateCommand).resolves({});
  sfn.on(DescribeExecutionCommand).resolves({ status: 'ABORTED' });
});

describe('end-run', () => {
  it('takes the candidate of a stopped run out of traffic, records the run and frees its lock (F14)', async () => {
    await invoke(handler, event);
    const [withdrawn] = documents.commandCalls(TransactWriteCommand);
    expect(withdrawn?.args[0].input.TransactItems?.[0]?.Put?.Item).toMatchObject({ candidate: null });
    expect(withdrawn?.args[0].input.TransactItems?.[1]?.Put?.Item).toMatchObject({
      action: 'candidate-withdrawn',
      who: 'run:iris-run-2',
    });
    const [recorded] = documents.commandCalls(UpdateCommand);
    expect(Object.values(recorded?.args[0].input.ExpressionAttributeValues ?? {})).toContain('aborted');
    const [freed] = documents.commandCalls(PutCommand);
    expect(freed?.args[0].input.Item).toMatchObject({ pk: 'QUEUE#iris', running: null });
  });

  it('takes it out of an A/B test, and leaves the others in', async () => {
    const { candidate } = aLive({ champion: 1, candidate: 3 });
    const own = aLive({ champion: 1, candidate: 2 }).candidate;
    documents
      .on(GetCommand, { Key: { pk: 'MODEL#iris', sk: 'LIVE' } })
      .resolves({ Item: { ...aLive({ champion: 1 }), candidate, arms: [{ ...own, arm: 2 }] } });
    await invoke(handler, event);
    const [withdrawn] = documents.commandCalls(TransactWriteCommand);
    expect(withdrawn?.args[0].input.TransactItems?.[0]?.Put?.Item).toMatchObject({
      candidate: { version: 3 },
    });
    expect(withdrawn?.args[0].input.TransactItems?.[0]?.Put?.Item).not.toHaveProperty('arms');
  });

  it("leaves another run's candidate alone", async () => {
    const detail = {
      ...event.detail,
      name: 'iris-run-1',
      input: JSON.stringify({ ...input, runId: 'iris-run-1' }),
    };
    await invoke(handler, { detail });
    expect(documents.commandCalls(TransactWriteCommand)).toHaveLength(0);
    expect(documents.commandCalls(PutCommand)).toHaveLength(0);
  });

  it('is told again while the execution is still said to run', async () => {
    sfn.on(DescribeExecutionCommand).resolves({ status: 'RUNNING' });
    await expect(invoke(handler, event)).rejects.toMatchObject({ name: 'Evergreen.Unavailable' });
    expect(documents.commandCalls(PutCommand)).toHaveLength(0);
  });

  it('refuses an event that is none', async () => {
    await expect(invoke(handler, { detail: {} })).rejects.toMatchObject({ name: 'Evergreen.InvalidInput' });
  });
});
