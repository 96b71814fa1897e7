import { ConditionalCheckFailedException, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import {
  BatchGetCommand,
  BatchWriteCommand,
  DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  QueryCommand,
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

const writtenItems = () =>
  documents
    .commandCalls(BatchWriteCommand)
    .flatMap((call) => call.args[0].input.RequestItems?.predictions ?? [])
    .map(({ PutRequest }) => PutRequest?.Item ?? {});

async function itemsOf(receipts: Receipt[]): Promise<Record<string, unknown>[]> {
  documents.on(BatchWriteCommand).resolves({});
  await store.putReceipts(receipts);
  return writtenItems();
}

/** Every number of an item, which DynamoDB would have to hold. */
function numbersIn(value: unknown): number[] {
  if (typeof value === 'number') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(numbersIn) : [];
}

const named = (name: string) => Object.assign(new Error(name), { name });
const conditionFailed = () => new ConditionalCheckFailedException({ message: 'other', $metadata: {} });

/** A table that holds labels to the conditions they are written under. */
function aLabelTable(): () => Record<string, unknown>[] {
  const items = new Map<unknown, Record<string, unknown>>();
  documents.on(GetCommand).callsFake(({ Key }) => ({ Item: items.get(Key.sk) }));
  documents.on(PutCommand).callsFake(({ Item, ConditionExpression, ExpressionAttributeValues: values }) => {
    const before = items.get(Item.sk);
    const holds =
      ConditionExpression === 'attribute_not_exists(pk)'
        ? before === undefined
        : before?.corrections === values[':corrections'];
    if (!holds) throw conditionFailed();
    items.set(Item.sk, Item);
    return {};
  });
  return () => [...items.values()];
}

beforeEach(() => documents.reset());

describe('PredictionStore', () => {
  it('adds a receipt once, and shows the one that was there before', async () => {
    const [receipt] = receipts(1);
    if (!receipt) throw new Error('no receipt');
    let kept: Record<string, unknown> | undefined;
    documents.on(PutCommand).callsFake(({ Item }) => {
      if (kept) throw conditionFailed();
      kept = Item;
      return {};
    });
    documents.on(GetCommand).callsFake(() => ({ Item: kept }));
    expect(await store.addReceipt(receipt)).toBeUndefined();
    expect(await store.addReceipt({ ...receipt, traceId: 'other' })).toEqual(receipt);
  });

  it('gives up on a receipt that comes and goes', async () => {
    const [receipt] = receipts(1);
    if (!receipt) throw new Error('no receipt');
    documents.on(PutCommand).rejects(conditionFailed());
    documents.on(GetCommand).resolves({});
    await expect(store.addReceipt(receipt)).rejects.toMatchObject({ code: 'service-unavailable' });
  });

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
    const [kept, expired] = await itemsOf(receipts(2));
    documents.on(BatchGetCommand).resolves({
      Responses: { predictions: [{ ...kept }, { ...expired, expiresAt: now.getTime() / 1000 }] },
    });
    const found = await store.findReceipts(['p0', 'p1', 'p1'], now);
    expect([...found.keys()]).toEqual(['p0']);
    const keys = documents.commandCalls(BatchGetCommand)[0]?.args[0].input.RequestItems?.predictions?.Keys;
    expect(keys).toHaveLength(2);
  });

  it('keeps numbers that DynamoDB has none for', async () => {
    const rows = [{ a: 1e16 }, { a: -1e-200 }, { a: 3.4e38 }];
    const predictions = rows.map(({ a }) => ({ value: a }));
    const { receipts } = planCapture({
      records: [aRecord({ rows, predictions })],
      dropped: 0,
      eventIds: ['e'],
    });
    const items = await itemsOf(receipts);
    for (const number of numbersIn(items)) expect(number).toSatisfy(Number.isSafeInteger);

    documents.on(BatchGetCommand).resolves({ Responses: { predictions: items } });
    const found = await store.findReceipts(['p'], now);
    expect([...found.values()]).toEqual(receipts);
  });

  it('keeps the others when the table refuses a receipt, and says which it was', async () => {
    documents.on(BatchWriteCommand).callsFake(({ RequestItems }) => {
      if (JSON.stringify(RequestItems).includes('PREDICTION#p7')) throw named('ValidationException');
      return {};
    });
    expect(await store.putReceipts(receipts(30))).toEqual(['p7']);
    // In a batch with others, and by itself when the batch was refused.
    const single = documents
      .commandCalls(BatchWriteCommand)
      .map((call) => call.args[0].input.RequestItems?.predictions ?? [])
      .filter((requests) => requests.length === 1);
    expect(single).toHaveLength(25);
    expect(new Set(writtenItems().map(({ predictionId }) => predictionId)).size).toBe(30);
  });

  it('fails, to be called again, when the table refuses everything for another reason', async () => {
    documents.on(BatchWriteCommand).rejects(named('AccessDeniedException'));
    await expect(store.putReceipts(receipts(2))).rejects.toThrow('AccessDeniedException');
    expect(documents.commandCalls(BatchWriteCommand)).toHaveLength(1);
  });

  it.each(['setosa', 1e16, 1e-200])('tells new, repeated and corrected labels apart: %s', async (label) => {
    const labels = aLabelTable();
    const given = {
      predictionId: 'p0',
      row: 0,
      label,
      model: 'iris',
      labelledAt: '2026-11-23T10:00:00.000Z',
    };
    const corrected = { ...given, label: 'virginica', labelledAt: '2026-11-23T11:00:00.000Z' };
    expect(await store.putLabel(given)).toBe('new');
    expect(await store.putLabel({ ...given, labelledAt: '2026-11-23T10:30:00.000Z' })).toBe('repeated');
    expect(await store.putLabel(corrected)).toBe('corrected');
    expect(await store.putLabel(corrected)).toBe('repeated');

    for (const number of numbersIn(labels())) expect(number).toSatisfy(Number.isSafeInteger);
    documents.on(QueryCommand).resolves({ Items: labels() });
    expect(await store.labelsSince('iris', '2026-11-22T00:00:00.000Z', 10, now)).toEqual([
      {
        ...corrected,
        corrections: 1,
        replaced: [{ label, labelledAt: '2026-11-23T10:00:00.000Z' }],
        expiresAt: expect.any(Number),
      },
    ]);
    expect(labels()[0]).toMatchObject({ pk: 'PREDICTION#p0', sk: 'LABEL#0', labelsOf: 'iris' });
  });

  it('loses no label that another call replaces meanwhile', async () => {
    const labels = aLabelTable();
    const given = { predictionId: 'p0', row: 0, model: 'iris', labelledAt: '2026-11-23T10:00:00.000Z' };
    const effects = await Promise.all(['a', 'b', 'c'].map((label) => store.putLabel({ ...given, label })));
    expect(effects.sort()).toEqual(['corrected', 'corrected', 'new']);
    documents.on(QueryCommand).resolves({ Items: labels() });
    const [last] = await store.labelsSince('iris', '2026-11-22T00:00:00.000Z', 10, now);
    expect([...(last?.replaced ?? []), last].map((one) => one?.label).sort()).toEqual(['a', 'b', 'c']);
    expect(last?.corrections).toBe(2);
  });

  it('gives up with a clear error on a label that others change all the time', async () => {
    const labels = aLabelTable();
    const given = { predictionId: 'p0', row: 0, model: 'iris', labelledAt: '2026-11-23T10:00:00.000Z' };
    await store.putLabel({ ...given, label: 'a' });
    documents.on(PutCommand).rejects(conditionFailed());
    await expect(store.putLabel({ ...given, label: 'b' })).rejects.toMatchObject({
      code: 'service-unavailable',
    });
    expect(labels()).toHaveLength(1);
  });

  it('reads a receipt with its labels in order of the rows', async () => {
    const label = {
      predictionId: 'p0',
      label: '"a"',
      model: 'iris',
      labelledAt: now.toISOString(),
      corrections: 0,
      replaced: '[]',
    };
    const [captured] = await itemsOf(receipts(1));
    documents.on(QueryCommand).resolves({
      Items: [
        { ...captured },
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
      label: '1',
      model: 'iris',
      labelledAt: now.toISOString(),
      corrections: 0,
      replaced: '[]',
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
