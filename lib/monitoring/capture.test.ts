import { describe, expect, it } from 'vitest';
import { planCapture } from './capture.ts';
import { aDelivery, aRecord } from './fixtures/builders.ts';
import { readLogSubscription } from './log-subscription.ts';

const batchOf = (...records: ReturnType<typeof aRecord>[]) =>
  readLogSubscription(aDelivery(records.map((record) => JSON.stringify(record))));

describe('planCapture', () => {
  it('puts predictions of one model and hour into one object below the hour of the record', () => {
    const { objects } = planCapture(
      batchOf(
        aRecord({ predictionId: 'p1' }),
        aRecord({ predictionId: 'p2' }),
        aRecord({ predictionId: 'p3', at: '2026-11-23T11:00:00.000Z' }),
        aRecord({ predictionId: 'p4', model: 'wine' }),
      ),
    );
    expect(
      objects.map(({ key, body }) => [key.replace(/-[0-9a-f]{16}/, ''), body.trim().split('\n').length]),
    ).toEqual([
      ['captures/iris/dt=2026-11-23/hour=10/20261123T101500000Z.jsonl', 2],
      ['captures/iris/dt=2026-11-23/hour=11/20261123T110000000Z.jsonl', 1],
      ['captures/wine/dt=2026-11-23/hour=10/20261123T101500000Z.jsonl', 1],
    ]);
  });

  it('gives the same keys and receipts when the same delivery comes again', () => {
    expect(planCapture(batchOf(aRecord()))).toEqual(planCapture(batchOf(aRecord())));
  });

  it('keeps a receipt of each prediction for 90 days', () => {
    const { objects, receipts } = planCapture(batchOf(aRecord()));
    expect(receipts).toEqual([
      {
        predictionId: aRecord().predictionId,
        traceId: '1-trace',
        model: 'iris',
        version: 3,
        modelDigest: 'a'.repeat(64),
        datasetId: 'ds-0123456789abcdef',
        variant: 'champion',
        at: '2026-11-23T10:15:00.000Z',
        rowCount: 1,
        content: { rows: aRecord().rows, predictions: aRecord().predictions },
        objectKey: objects[0]?.key,
        expiresAt: Date.parse('2027-02-21T10:15:00Z') / 1000,
      },
    ]);
  });

  it('counts rows that did not fit into the log line, and reads the version from its text', () => {
    const line = JSON.stringify({ ...aRecord(), version: '3', rowsDropped: 4, _aws: {} });
    const { receipts } = planCapture(readLogSubscription(aDelivery([line])));
    expect(receipts[0]).toMatchObject({ version: 3, rowCount: 5 });
    expect(receipts[0]).not.toHaveProperty('rowsDropped');
  });

  it('leaves content over 100 kB in the object', () => {
    const rows = Array.from({ length: 3000 }, () => ({ note: 'x'.repeat(40) }));
    const [receipt] = planCapture(batchOf(aRecord({ rows }))).receipts;
    expect(receipt).toMatchObject({ content: null, rowCount: 3000 });
  });
});

describe('readLogSubscription', () => {
  it('counts cut-off and misshapen predictions and passes over other lines', () => {
    const whole = JSON.stringify(aRecord());
    const batch = readLogSubscription(
      aDelivery([
        'START RequestId: 1 Version: $LATEST',
        whole,
        whole.slice(0, 100),
        JSON.stringify({ kind: 'prediction', model: 'iris' }),
        JSON.stringify({ level: 'info', message: 'hello' }),
      ]),
    );
    expect(batch).toMatchObject({ records: [aRecord()], dropped: 2 });
  });

  it('takes a line that was written twice once', () => {
    const line = JSON.stringify(aRecord());
    expect(readLogSubscription(aDelivery([line, line])).records).toHaveLength(1);
  });

  it('answers a control message with nothing', () => {
    expect(readLogSubscription(aDelivery(['anything'], 'CONTROL_MESSAGE')).records).toEqual([]);
  });

  it('refuses what is not gzip', () => {
    expect(() => readLogSubscription({ awslogs: { data: 'bm90IGd6aXA=' } })).toThrow(/gzip/);
  });
});
