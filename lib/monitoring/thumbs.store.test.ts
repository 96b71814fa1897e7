import { ConditionalCheckFailedException, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, PutCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import { PredictionStore } from './predictions.store.ts';
import { ThumbStore } from './thumbs.store.ts';

const documents = mockClient(DynamoDBDocumentClient);
const client = DynamoDBDocumentClient.from(new DynamoDBClient({}));
const store = new ThumbStore(client, 'predictions');
const now = new Date('2026-11-23T12:00:00Z');
const given = {
  predictionId: 'p1',
  row: 2,
  thumb: 'down',
  model: 'iris',
  givenAt: now.toISOString(),
} as const;
const item = { ...given, expiresAt: 4_000_000_000 };

beforeEach(() => documents.reset());

describe('ThumbStore', () => {
  it('keeps a new one, lets the other one take its place, and changes nothing for the same again', async () => {
    const same = new ConditionalCheckFailedException({ message: 'same', $metadata: {} });
    documents.on(PutCommand).resolvesOnce({}).resolvesOnce({ Attributes: {} }).rejectsOnce(same);
    expect(await store.put(given)).toBe('new');
    expect(await store.put(given)).toBe('corrected');
    expect(await store.put(given)).toBe('repeated');
    expect(documents.commandCalls(PutCommand)[0]?.args[0].input).toMatchObject({
      Item: { pk: 'PREDICTION#p1', sk: 'THUMB#2', labelsOf: 'THUMBS#iris', labelledAt: given.givenAt },
      ConditionExpression: 'attribute_not_exists(pk) OR thumb <> :thumb',
    });
  });

  it('fails when the table does', async () => {
    documents.on(PutCommand).rejects(new Error('throttled'));
    await expect(store.put(given)).rejects.toThrow('throttled');
  });

  it('reads those of a model that are still kept', async () => {
    documents.on(QueryCommand).resolves({ Items: [item, { ...item, expiresAt: 1 }] });
    expect(await store.since('iris', given.givenAt, 10, now)).toEqual([item]);
    expect(documents.commandCalls(QueryCommand)[0]?.args[0].input.ExpressionAttributeValues).toMatchObject({
      ':model': 'THUMBS#iris',
    });
  });

  it('keeps them apart from the labels of a prediction', async () => {
    documents.on(QueryCommand).resolves({ Items: [{ ...item, pk: 'PREDICTION#p1', sk: 'THUMB#2' }] });
    const predictions = new PredictionStore(client, 'predictions', () => Promise.resolve());
    expect(await predictions.findPrediction('p1', now)).toBeUndefined();
  });
});
