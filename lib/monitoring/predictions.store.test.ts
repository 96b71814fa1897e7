import { ConditionalCheckFailedException, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import {
  BatchGetCommand,
  BatchWriteCommand,
  DynamoDBDocumentClient,
  QueryCommand,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import { planCapture, type Receipt } from './capture.ts';
import { aRecord } from './fixtures/builders.ts';
import { PredictionStore } from './predictions.store.ts';

const documents = mockClient(DynamoDBDocumentClient);
const store = new PredictionStore(DynamoDBDocumentClient.from(new DynamoDBClient({})), 'predictions', () =>
  Promise.resolve(),
);
const now = new Date('2026-11-23T12:00:00Z');

function receipts(count: number): Receipt[] {
  const records = Array.from({ length: count }, (_, index) => aRecord({ predictionId: `p${index}` }));
  return planCapture({ records, dropped: 0, eventIds: ['e'] }).receipts;
}

beforeEach(() => documents.reset());

describe('PredictionStore', () => {
  it('writes receipts 25 at a time', async () => {
    documents.on(BatchWriteCommand).resolves({});
    await store.putReceipts(receipts(60));
    const sizes = documents
      .commandCalls(BatchWriteCommand)
      .map((call) => call.args[0].input.RequestItems?.predictions?.length);
    expect(sizes).toEqual([25, 25, 10]);
  });

  it('sends again what the table left over, and nothing else', async () => {
    const left = { predictions: [{ PutRequest: { Item: { pk: 'PREDICTION#p1', sk: 'CAPTURE' } } }] };
    documents
      .on(BatchWriteCommand)
      .resolvesOnce({ UnprocessedItems: left })
      .resolves({ UnprocessedItems: {} });
    await store.putReceipts(receipts(3));
    const calls = documents.commandCalls(BatchWriteCommand);
    expect(calls).toHaveLength(2);
    expect(calls[1]?.args[0].input.RequestItems).toEqual(left);
  });

  it('gives up with a clear error when the table goes on leaving items over', async () => {
    const left = { predictions: [{ PutRequest: { Item: { pk: 'PREDICTION#p0', sk: 'CAPTURE' } } }] };
    documents.on(BatchWriteCommand).resolves({ UnprocessedItems: left });
    await expect(store.putReceipts(receipts(1))).rejects.toMatchObject({ code: 'service-unavailable' });
  });

  it('passes over receipts that expired but were not deleted yet', async () => {
    const [kept, expired] = receipts(2);
    documents.on(BatchGetCommand).resolves({
      Responses: { predictions: [{ ...kept }, { ...expired, expiresAt: now.getTime() / 1000 }] },
    });
    const found = await store.findReceipts(['p0', 'p1', 'p1'], now);
    expect([...found.keys()]).toEqual(['p0']);
    const keys = documents.commandCalls(BatchGetCommand)[0]?.args[0].input.RequestItems?.predictions?.Keys;
    expect(keys).toHaveLength(2);
  });

  it('tells new, corrected and repeated labels apart', async () => {
    const given = {
      predictionId: 'p0',
      row: 0,
      label: 'setosa',
      model: 'iris',
      labelledAt: now.toISOString(),
    };
    documents
      .on(UpdateCommand)
      .resolvesOnce({ Attributes: { corrections: 0 } })
      .resolvesOnce({ Attributes: { corrections: 2 } })
      .rejects(new ConditionalCheckFailedException({ message: 'same', $metadata: {} }));
    expect(await store.putLabel(given)).toBe('new');
    expect(await store.putLabel(given)).toBe('corrected');
    expect(await store.putLabel(given)).toBe('repeated');
  });

  it('reads a receipt with its labels in order of the rows', async () => {
    const label = {
      predictionId: 'p0',
      label: 'a',
      model: 'iris',
      labelledAt: now.toISOString(),
      corrections: 0,
    };
    documents.on(QueryCommand).resolves({
      Items: [
        { pk: 'PREDICTION#p0', sk: 'CAPTURE', ...receipts(1)[0] },
        { pk: 'PREDICTION#p0', sk: 'LABEL#10', ...label, row: 10, expiresAt: 4_000_000_000 },
        { pk: 'PREDICTION#p0', sk: 'LABEL#2', ...label, row: 2, expiresAt: 4_000_000_000 },
        { pk: 'PREDICTION#p0', sk: 'LABEL#3', ...label, row: 3, expiresAt: 1 },
      ],
    });
    const found = await store.findPrediction('p0', now);
    expect(found?.labels.map(({ row }) => row)).toEqual([2, 10]);
    expect(found?.receipt.version).toBe(3);
  });

  it('goes on through the pages of the index until it has enough labels', async () => {
    const item = (row: number) => ({
      predictionId: 'p0',
      row,
      label: 1,
      model: 'iris',
      labelledAt: now.toISOString(),
      corrections: 0,
      expiresAt: 4_000_000_000,
    });
    documents
      .on(QueryCommand)
      .resolvesOnce({ Items: [item(1), item(2)], LastEvaluatedKey: { pk: 'x' } })
      .resolvesOnce({ Items: [item(3), item(4)], LastEvaluatedKey: { pk: 'y' } });
    const labels = await store.labelsSince('iris', '2026-11-22T00:00:00.000Z', 3, now);
    expect(labels.map(({ row }) => row)).toEqual([1, 2, 3]);
    expect(documents.commandCalls(QueryCommand)).toHaveLength(2);
  });
});
