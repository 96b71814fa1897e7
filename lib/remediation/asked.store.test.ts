import {
  ConditionalCheckFailedException,
  DynamoDBClient,
  TransactionCanceledException,
} from '@aws-sdk/client-dynamodb';
import {
  DynamoDBDocumentClient,
  GetCommand,
  TransactWriteCommand,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Asked } from './ask-retrain.ts';
import { AskedStore } from './asked.store.ts';

const documents = mockClient(DynamoDBDocumentClient);
const store = new AskedStore(DynamoDBDocumentClient.from(new DynamoDBClient({})), 'registry');
const made: Asked = {
  revision: 1,
  status: 'asked',
  request: { kind: 'feedback', model: 'iris', reason: 'r', requestId: 'labels-2-5' },
  labels: [{ version: 2, rows: 5 }],
  code: [],
};
const after = { lastRetrainAt: '2026-11-23T12:00:00.000Z', championVersion: 2, attempts: 1 };
const conditions = () =>
  documents
    .commandCalls(TransactWriteCommand)
    .map(({ args }) =>
      args[0].input.TransactItems?.map(({ Put }) => [Put?.Item?.sk, Put?.ConditionExpression]),
    );

beforeEach(() => documents.reset());

describe('AskedStore', () => {
  it('keeps what is asked for together with the record of retrains or not at all', async () => {
    documents.on(TransactWriteCommand).resolves({});
    expect(await store.keep('iris', made, { before: undefined, after })).toBe(true);
    expect(await store.keep('iris', { ...made, revision: 2 }, { before: after, after })).toBe(true);
    expect(conditions()).toEqual([
      [
        ['ASKED', 'attribute_not_exists(pk)'],
        ['RETRAIN', 'attribute_not_exists(pk)'],
      ],
      [
        ['ASKED', 'revision = :before'],
        ['RETRAIN', 'lastRetrainAt = :before AND attempts = :attempts'],
      ],
    ]);
  });

  it('says when somebody else asked meanwhile, and passes other failures on', async () => {
    documents
      .on(TransactWriteCommand)
      .rejectsOnce(new TransactionCanceledException({ message: 'no', $metadata: {} }))
      .rejectsOnce(new Error('down'));
    expect(await store.keep('iris', made, { before: undefined, after })).toBe(false);
    await expect(store.keep('iris', made, { before: undefined, after })).rejects.toThrow('down');
  });

  it('reads what it kept', async () => {
    documents.on(GetCommand).resolvesOnce({}).resolvesOnce({ Item: made });
    expect(await store.read('iris')).toBeUndefined();
    expect(await store.read('iris')).toEqual(made);
  });

  it('marks a request as sent unless there is a newer one', async () => {
    documents
      .on(UpdateCommand)
      .resolvesOnce({})
      .rejectsOnce(new ConditionalCheckFailedException({ message: 'no', $metadata: {} }))
      .rejectsOnce(new Error('down'));
    await store.finish('iris', made);
    await store.finish('iris', made);
    await expect(store.finish('iris', made)).rejects.toThrow('down');
  });
});
