import { describe, expect, it } from 'vitest';
import type { Row } from '../data/dataset.ts';
import { defineModel } from '../model/definition.ts';
import type { LabelledRow } from './labelled-rows.ts';
import { judgeSlices } from './sliced-quality.ts';

const definition = defineModel({
  name: 'shop',
  task: 'classification',
  features: {
    channel: { type: 'category', categories: ['web', 'store'] },
    age: { type: 'integer', personalData: 'sensitive' },
  },
  target: { name: 'kind', type: 'category', categories: ['a', 'b'] },
  gate: {
    slices: [
      { feature: 'channel', leastRows: 20 },
      { feature: 'age', bands: [40] },
    ],
  },
  train: {},
});

const labelled = (features: Row, actual: string, count: number): LabelledRow[] =>
  Array.from({ length: count }, (_, row) => ({
    predictionId: 'p',
    row,
    version: 3,
    features,
    predicted: 'a',
    actual,
    score: null,
    labelledAt: '2026-11-23T10:00:00.000Z',
    replaced: [],
  }));

describe('judgeSlices', () => {
  it('measures each slice beside its evaluation, and none with too few labels or of personal data', () => {
    const rows = [
      ...labelled({ channel: 'web' }, 'a', 10),
      ...labelled({ channel: 'web' }, 'b', 30),
      ...labelled({ channel: 'store' }, 'a', 19),
    ];
    const reference = [{ feature: 'channel', slice: 'web', rows: 100, value: 0.9 }];
    expect(judgeSlices(rows, definition, { metric: 'accuracy' }, reference)).toEqual([
      { feature: 'channel', slice: 'store', sample: 19, value: null, interval: null, evaluated: null },
      {
        feature: 'channel',
        slice: 'web',
        sample: 40,
        value: 0.25,
        interval: [expect.closeTo(0.142, 3), expect.closeTo(0.402, 3)],
        evaluated: 0.9,
      },
    ]);
  });
});
