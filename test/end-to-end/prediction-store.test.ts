import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { planCapture, type Receipt } from '../../lib/monitoring/capture.ts';
import { aRecord } from '../../lib/monitoring/fixtures/builders.ts';
import { labelIndex } from '../../lib/monitoring/label-index.store.ts';
import { PredictionStore } from '../../lib/monitoring/predictions.store.ts';
import { ThumbStore } from '../../lib/monitoring/thumbs.store.ts';
import { aVersion } from '../../lib/registry/fixtures/builders.ts';
import { RegistryStore } from '../../lib/registry/registry.store.ts';
import { uuidV7 } from '../../lib/shared/ids.ts';
import { BareEngine } from './bare-engine.ts';

/* What no mock of a client shows: which numbers and items a table takes. */

let engine: BareEngine;
const now = new Date();

const text = (AttributeName: string) => ({ AttributeName, AttributeType: 'S' as const });
const keys = (partition: string, sort: string) => [
  { AttributeName: partition, KeyType: 'HASH' as const },
  { AttributeName: sort, KeyType: 'RANGE' as const },
];

beforeAll(async () => {
  engine = await BareEngine.start();
  const client = new DynamoDBClient(engine.client);
  await client.send(
    new CreateTableCommand({
      TableName: 'predictions',
      BillingMode: 'PAY_PER_REQUEST',
      KeySchema: keys('pk', 'sk'),
      AttributeDefinitions: ['pk', 'sk', 'labelsOf', 'labelledAt'].map(text),
      GlobalSecondaryIndexes: [
        {
          IndexName: labelIndex,
          KeySchema: keys('labelsOf', 'labelledAt'),
          Projection: { ProjectionType: 'ALL' },
        },
      ],
    }),
  );
});

afterAll(() => engine?.stop());

const predictions = () => new PredictionStore(engine.documents(), 'predictions');
const at = (minutesAgo: number) => new Date(now.getTime() - minutesAgo * 60_000).toISOString();

function receiptsOf(...rows: { length: number }[]): Receipt[] {
  const records = rows.map((row) =>
    aRecord({
      predictionId: uuidV7(),
      at: now.toISOString(),
      rows: [row],
      predictions: [{ value: row.length }],
    }),
  );
  return planCapture({ records, dropped: 0, eventIds: ['e'] }).receipts;
}

describe('the predictions table', () => {
  it('keeps receipts with numbers that DynamoDB has none for', async () => {
    const receipts = receiptsOf({ length: 1e16 }, { length: -1e-200 }, { length: 3.4e38 }, { length: 1 });
    expect(await predictions().putReceipts(receipts)).toEqual([]);
    const ids = receipts.map(({ predictionId }) => predictionId);
    expect([...(await predictions().findReceipts(ids, now)).values()]).toEqual(
      expect.arrayContaining(receipts),
    );
  });

  it('keeps the others of a delivery when it refuses one', async () => {
    const [good, bad, alsoGood] = receiptsOf({ length: 1 }, { length: 2 }, { length: 3 });
    if (!good || !bad || !alsoGood) throw new Error('no receipts');
    const endless = { ...bad, predictionId: 'p'.repeat(3000) };
    expect(await predictions().putReceipts([good, endless, alsoGood])).toEqual([endless.predictionId]);
    const ids = [good, alsoGood].map(({ predictionId }) => predictionId);
    expect((await predictions().findReceipts(ids, now)).size).toBe(2);
  });

  it.each([1e16, 1e-200, 'setosa'])('keeps the label %s, and what was corrected', async (label) => {
    const predictionId = uuidV7();
    const model = `labels-${predictionId}`;
    const given = { predictionId, row: 0, label, model, labelledAt: at(30) };
    const corrected = { ...given, label: 'virginica', labelledAt: at(20) };
    const effects = [given, { ...given, labelledAt: at(25) }, corrected, corrected];
    for (const [index, effect] of ['new', 'repeated', 'corrected', 'repeated'].entries()) {
      expect(await predictions().putLabel(effects[index] ?? given)).toBe(effect);
    }
    expect(await predictions().labelsSince(model, at(60), 10, now)).toEqual([
      {
        ...corrected,
        corrections: 1,
        replaced: [{ label, labelledAt: given.labelledAt }],
        expiresAt: expect.any(Number),
      },
    ]);
  });

  it('keeps the last thumb of a row, and changes nothing for the same again', async () => {
    const predictionId = uuidV7();
    const model = `thumbs-${predictionId}`;
    const thumbs = new ThumbStore(engine.documents(), 'predictions');
    const up = { predictionId, row: 0, thumb: 'up' as const, model, givenAt: at(30) };
    const down = { ...up, thumb: 'down' as const, givenAt: at(20) };
    const effects: string[] = [];
    for (const given of [up, { ...up, givenAt: at(25) }, down, down]) effects.push(await thumbs.put(given));
    expect(effects).toEqual(['new', 'repeated', 'corrected', 'repeated']);
    expect(await thumbs.since(model, at(60), 10, now)).toEqual([{ ...down, expiresAt: expect.any(Number) }]);
    expect(await predictions().labelsSince(model, at(60), 10, now)).toEqual([]);
  });

  it('loses no label of eight that are given at once', async () => {
    const predictionId = uuidV7();
    const model = `labels-${predictionId}`;
    const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
    const effects = await Promise.all(
      names.map((label) => predictions().putLabel({ predictionId, row: 0, label, model, labelledAt: at(1) })),
    );
    expect(effects.filter((effect) => effect === 'new')).toHaveLength(1);
    const [kept] = await predictions().labelsSince(model, at(60), 10, now);
    expect(kept?.corrections).toBe(7);
    expect([...(kept?.replaced ?? []), kept].map((one) => one?.label).sort()).toEqual(names);
  });

  it('holds versions and their log whatever their figures are', async () => {
    // The keys are those of the registry, so any table will do.
    const registry = new RegistryStore(engine.documents(), 'predictions');
    const { version: _, ...registration } = aVersion(1, { metrics: { rmse: 9.1e15, mae: 1e-200 } });
    const { version } = await registry.register(registration);
    expect((await registry.readVersion('iris', version)).metrics).toEqual(registration.metrics);
    const details = { pValue: 1e-200, says: { nested: [1, 2] } };
    await registry.change(
      'iris',
      { kind: 'promote', version },
      { who: 'ada', why: 'a test', at: at(0), details },
    );
    const promoted = (await registry.readLog('iris')).find(({ action }) => action === 'promoted');
    expect(promoted?.details).toEqual(details);
  });
});
