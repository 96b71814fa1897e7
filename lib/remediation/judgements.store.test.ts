import {
  ConditionalCheckFailedException,
  DynamoDBClient,
  TransactionCanceledException,
} from '@aws-sdk/client-dynamodb';
import {
  DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  QueryCommand,
  TransactWriteCommand,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import { anAlarm } from './fixtures/builders.ts';
import type { Judgement } from './judgement.ts';
import { JudgementStore } from './judgements.store.ts';

const documents = mockClient(DynamoDBDocumentClient);
const store = new JudgementStore(DynamoDBDocumentClient.from(new DynamoDBClient({})), 'registry');

const made: Judgement = {
  model: 'iris',
  alarm: 'evergreen-test-iris-drift',
  symptom: 'drift',
  changedAt: '2026-11-23T11:59:00.000Z',
  decision: { action: 'retrain', reason: 'newer rows may help', page: false },
  decidedAt: '2026-11-23T12:00:00.000Z',
  revision: 7,
  status: 'decided',
  outcome: null,
};
const after = { lastRetrainAt: made.decidedAt, championVersion: 3, attempts: 2 };
const before = { lastRetrainAt: '2026-11-22T12:00:00.000Z', championVersion: 3, attempts: 1 };

const puts = () =>
  (documents.commandCalls(TransactWriteCommand)[0]?.args[0].input.TransactItems ?? []).map(({ Put }) => ({
    sk: Put?.Item?.sk,
    condition: Put?.ConditionExpression,
  }));

beforeEach(() => documents.reset());

describe('JudgementStore', () => {
  it('keeps a judgement, the newest change and the retrain together or not at all', async () => {
    documents.on(TransactWriteCommand).resolves({});
    expect(await store.keep(made, { before, after }, false)).toBe(true);
    expect(puts()).toEqual([
      {
        sk: 'ACTION#evergreen-test-iris-drift#2026-11-23T11:59:00.000Z',
        condition: 'attribute_not_exists(pk)',
      },
      {
        sk: 'ALARM#evergreen-test-iris-drift',
        condition: 'attribute_not_exists(pk) OR changedAt <= :changedAt',
      },
      { sk: 'RETRAIN', condition: 'lastRetrainAt = :before AND attempts = :attempts' },
    ]);
  });

  it('makes the first retrain only if there is none on record', async () => {
    documents.on(TransactWriteCommand).resolves({});
    await store.keep(made, { before: undefined, after }, false);
    expect(puts()[2]).toEqual({ sk: 'RETRAIN', condition: 'attribute_not_exists(pk)' });
  });

  it('does not let a stale change be the newest', async () => {
    documents.on(TransactWriteCommand).resolves({});
    await store.keep(made, undefined, true);
    expect(puts().map(({ sk }) => sk)).toEqual(['ACTION#evergreen-test-iris-drift#2026-11-23T11:59:00.000Z']);
  });

  it('says that another judgement came first', async () => {
    documents
      .on(TransactWriteCommand)
      .rejects(new TransactionCanceledException({ message: 'conditions', $metadata: {} }));
    expect(await store.keep(made, undefined, false)).toBe(false);
  });

  it('reads what it keeps', async () => {
    documents.on(GetCommand).resolves({ Item: { pk: 'MODEL#iris', sk: 'ACTION#…', ...made } });
    expect(await store.find('iris', made.alarm, made.changedAt)).toEqual(made);
    documents.on(GetCommand).resolves({});
    expect(await store.find('iris', made.alarm, made.changedAt)).toBeUndefined();
    expect(await store.newestChange('iris', made.alarm)).toBeUndefined();
    expect(await store.readRetrains('iris')).toBeUndefined();
  });

  it('marks a judgement as done with what came of it, once', async () => {
    documents.on(UpdateCommand).resolvesOnce({});
    expect(await store.finish(made, 'asked')).toBe(true);
    expect(documents.commandCalls(UpdateCommand)[0]?.args[0].input).toMatchObject({
      ConditionExpression: '#status = :decided',
      ExpressionAttributeValues: { ':done': 'done', ':outcome': 'asked' },
    });
    documents
      .on(UpdateCommand)
      .rejects(new ConditionalCheckFailedException({ message: 'done', $metadata: {} }));
    expect(await store.finish(made, 'asked')).toBe(false);
  });

  describe('of alarms that wait for a run', () => {
    const older = anAlarm('drift', '2026-11-23T11:58:00.000Z');
    const newer = anAlarm('quality', '2026-11-23T11:59:00.000Z');
    const refused = new ConditionalCheckFailedException({ message: 'no', $metadata: {} });

    it('keeps the newest change of each', async () => {
      documents.on(PutCommand).resolves({});
      await store.keepWaiting('iris', older);
      expect(documents.commandCalls(PutCommand)[0]?.args[0].input).toMatchObject({
        Item: { sk: 'KEPT#evergreen-test-iris-drift', status: 'kept', change: older },
        ConditionExpression: 'attribute_not_exists(pk) OR changedAt <= :changedAt',
      });
      documents.on(PutCommand).rejects(refused);
      await expect(store.keepWaiting('iris', older)).resolves.toBeUndefined();
      documents.on(PutCommand).rejects(new Error('no network'));
      await expect(store.keepWaiting('iris', older)).rejects.toThrow('no network');
    });

    it('lists those that wait, oldest first', async () => {
      documents.on(QueryCommand).resolves({
        Items: [
          { status: 'kept', change: newer },
          { status: 'judged', change: anAlarm('staleness', older.changedAt) },
          { status: 'kept', change: older },
        ],
      });
      expect(await store.listWaiting('iris')).toEqual([older, newer]);
    });

    it('lets go of one unless a newer change came meanwhile', async () => {
      documents.on(UpdateCommand).resolves({});
      await store.stopWaiting('iris', older);
      expect(documents.commandCalls(UpdateCommand)[0]?.args[0].input).toMatchObject({
        ConditionExpression: 'changedAt = :changedAt',
        ExpressionAttributeValues: { ':changedAt': older.changedAt },
      });
      documents.on(UpdateCommand).rejects(refused);
      await expect(store.stopWaiting('iris', older)).resolves.toBeUndefined();
      documents.on(UpdateCommand).rejects(new Error('no network'));
      await expect(store.stopWaiting('iris', older)).rejects.toThrow('no network');
    });
  });
});
