import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CloudWatchClient, DescribeAlarmsCommand } from '@aws-sdk/client-cloudwatch';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import {
  DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  QueryCommand,
  TransactWriteCommand,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import type { SQSEvent } from 'aws-lambda';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { readArrival } from '../../lib/intake/arrival.ts';
import { deployModel } from '../../lib/model/deployed-model.ts';
import { modelsFile } from '../../lib/model/deployed-models.ts';
import { neverLive, toLiveVersion } from '../../lib/registry/registry.ts';
import alarmByTopic from '../../lib/remediation/fixtures/alarm-by-topic.json' with { type: 'json' };
import { aModelVersion } from '../../lib/remediation/fixtures/builders.ts';
import iris from '../../models/iris/model.ts';
import { handler } from './handler.ts';

const documents = mockClient(DynamoDBDocumentClient);
const sqs = mockClient(SQSClient);
const cloudWatch = mockClient(CloudWatchClient);
const lines: string[] = [];

const folder = mkdtempSync(join(tmpdir(), 'remediate-'));
const code = { key: 'code/a.tar.gz', digest: 'a'.repeat(64), program: 'train.py' };
writeFileSync(join(folder, modelsFile), JSON.stringify([deployModel(iris, code)]));

function anEvent(...bodies: string[]): SQSEvent {
  return { Records: bodies.map((body, index) => ({ messageId: `m${index}`, body })) } as SQSEvent;
}

beforeEach(() => {
  documents.reset();
  sqs.reset();
  cloudWatch.reset();
  cloudWatch.on(DescribeAlarmsCommand).resolves({ MetricAlarms: [] });
  lines.length = 0;
  vi.stubEnv('LAMBDA_TASK_ROOT', folder);
  const names = ['REGISTRY_TABLE', 'RUNS_TABLE', 'PREDICTIONS_TABLE', 'INTAKE_QUEUE_URL', 'ALARM_PREFIX'];
  for (const name of names) vi.stubEnv(name, name);
  vi.stubEnv('AWS_REGION', 'eu-west-1');
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => lines.push(String(text)) > 0);
  const champion = toLiveVersion(aModelVersion(2), '2026-11-20T00:00:00.000Z');
  documents.on(GetCommand).resolves({});
  documents.on(GetCommand, { Key: { pk: 'MODEL#iris', sk: 'LIVE' } }, false).resolves({
    Item: { ...neverLive('iris', '2026-11-20T00:00:00.000Z'), champion, revision: 3 },
  });
  documents.on(QueryCommand).resolves({ Items: [] });
  const aLabel = {
    predictionId: 'p',
    row: 0,
    label: '"setosa"',
    model: 'iris',
    labelledAt: '2026-11-22T00:00:00.000Z',
    corrections: 0,
    replaced: '[]',
    expiresAt: 4_000_000_000,
  };
  documents.on(QueryCommand, { TableName: 'PREDICTIONS_TABLE' }).resolves({ Items: [aLabel] });
  documents.on(TransactWriteCommand).resolves({});
  documents.on(PutCommand).resolves({});
  documents.on(UpdateCommand).resolves({});
  sqs.on(SendMessageCommand).resolves({});
});

describe('remediate-alarm', () => {
  it('asks intake for a retrain in a message that intake reads', async () => {
    expect(await handler(anEvent(JSON.stringify(alarmByTopic)))).toEqual({ batchItemFailures: [] });
    const [sent] = sqs.commandCalls(SendMessageCommand);
    expect(sent?.args[0].input.QueueUrl).toBe('INTAKE_QUEUE_URL');
    expect(readArrival(String(sent?.args[0].input.MessageBody))).toMatchObject({
      model: 'iris',
      trigger: { kind: 'retrain', reason: expect.stringMatching(/^drift: /) },
      identity: ['retrain', 'evergreen-prod-iris-drift@2026-11-23T11:59:41.123Z'],
    });
    const [, byAction, people] = lines.map((line) => JSON.parse(line));
    expect(byAction).toMatchObject({ AlarmsJudged: 1, model: 'iris', action: 'retrain' });
    expect(people).toMatchObject({ AlarmsForPeople: 0 });
  });

  it('calls a person when the monitor falls silent, and changes nothing', async () => {
    const message = {
      ...JSON.parse(alarmByTopic.Message),
      AlarmName: 'evergreen-prod-iris-staleness',
      OldStateValue: 'OK',
      NewStateValue: 'INSUFFICIENT_DATA',
      NewStateReason: 'Insufficient Data: 1 datapoint was unknown.',
    };
    await handler(anEvent(JSON.stringify({ ...alarmByTopic, Message: JSON.stringify(message) })));
    const [judged, byAction, people] = lines.map((line) => JSON.parse(line));
    expect(judged).toMatchObject({ action: 'leave', page: true });
    expect(byAction).toMatchObject({ AlarmsJudged: 1, action: 'leave' });
    expect(people).toMatchObject({ AlarmsForPeople: 1 });
    expect(sqs.commandCalls(SendMessageCommand)).toHaveLength(0);
  });

  it('writes its decision before it acts', async () => {
    const order: string[] = [];
    documents.on(TransactWriteCommand).callsFake(() => {
      order.push('decided');
      return {};
    });
    sqs.on(SendMessageCommand).callsFake(() => {
      order.push('asked');
      return {};
    });
    await handler(anEvent(JSON.stringify(alarmByTopic)));
    expect(order).toEqual(['decided', 'asked']);
  });

  it('asks for no retrain while the model costs more than it may, and calls a person', async () => {
    cloudWatch
      .on(DescribeAlarmsCommand, { AlarmNames: ['ALARM_PREFIX-iris-cost'], StateValue: 'ALARM' })
      .resolves({ MetricAlarms: [{ AlarmName: 'ALARM_PREFIX-iris-cost' }] });
    await handler(anEvent(JSON.stringify(alarmByTopic)));
    expect(sqs.commandCalls(SendMessageCommand)).toHaveLength(0);
    expect(lines.join('')).toContain('costs more in a day than it may');
  });

  it('reports the messages that failed, and those alone', async () => {
    const good = JSON.stringify(alarmByTopic);
    expect(await handler(anEvent('no json', good))).toEqual({
      batchItemFailures: [{ itemIdentifier: 'm0' }],
    });
  });

  it('fails a message whose retrain could not be asked for, so that it comes again', async () => {
    sqs.on(SendMessageCommand).rejects(new Error('queue is down'));
    const { batchItemFailures } = await handler(anEvent(JSON.stringify(alarmByTopic)));
    expect(batchItemFailures).toEqual([{ itemIdentifier: 'm0' }]);
    expect(documents.commandCalls(UpdateCommand)).toHaveLength(0);
  });
});
