import { describe, expect, it } from 'vitest';
import { abOutcomes } from './ab-outcomes.ts';
import type { Receipt } from './capture.ts';
import type { Label } from './label.ts';

const since = '2026-11-20T00:00:00.000Z';
const until = new Date('2026-11-21T00:00:00.000Z');

const aReceipt = (predictionId: string, over: Partial<Receipt> = {}): Receipt => ({
  predictionId,
  traceId: 't',
  model: 'iris',
  version: 2,
  modelDigest: 'd',
  datasetId: 'ds',
  variant: 'candidate',
  at: '2026-11-20T01:00:00.000Z',
  rowCount: 1,
  content: { rows: [{ x: 1 }], predictions: [{ label: 'a' }] },
  objectKey: 'k',
  expiresAt: 4_000_000_000,
  ...over,
});

const aLabel = (predictionId: string, over: Partial<Label> = {}): Label => ({
  predictionId,
  row: 0,
  label: 'b',
  model: 'iris',
  labelledAt: '2026-11-20T02:00:00.000Z',
  corrections: 0,
  replaced: [],
  expiresAt: 4_000_000_000,
  ...over,
});

function outcomesOf(receipts: Receipt[], labels: Label[], most = 100) {
  return abOutcomes(
    {
      predictions: {
        firstLabelsSince: async (_model, _since, limit) => labels.slice(0, limit),
        findReceipts: async () => new Map(receipts.map((each) => [each.predictionId, each])),
      },
      captures: {
        complete: async (receipt) => ({
          ...receipt,
          content: receipt.content ?? { rows: [{ x: 1 }], predictions: [{ label: 'a' }] },
        }),
      },
    },
    { model: 'iris', since, until, most },
  );
}

describe('abOutcomes', () => {
  it('tells who was drawn: the caller, or the request of one who is not known', async () => {
    const receipts = [aReceipt('p-1', { caller: 'c' }), aReceipt('p-2', { version: 1, content: null })];
    expect(await outcomesOf(receipts, [aLabel('p-1'), aLabel('p-2')])).toEqual([
      { version: 2, group: 'c', predicted: 'a', actual: 'b' },
      { version: 1, group: 'p-2', predicted: 'a', actual: 'b' },
    ]);
  });

  it('leaves out what was asked before the test, by number, or without a network, and labels of nothing', async () => {
    const receipts = [
      aReceipt('before', { at: '2026-11-19T23:59:59.000Z' }),
      aReceipt('pinned', { isPinned: true }),
      aReceipt('edge', { variant: 'edge' }),
      aReceipt('other', { model: 'prices' }),
    ];
    const labels = [...receipts.map(({ predictionId }) => aLabel(predictionId)), aLabel('unknown')];
    expect(await outcomesOf(receipts, labels)).toEqual([]);
  });
});
