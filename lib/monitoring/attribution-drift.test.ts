import { describe, expect, it } from 'vitest';
import type { Row } from '../data/dataset.ts';
import type { Prediction } from '../inference/prediction-record.ts';
import { defineModel } from '../model/definition.ts';
import type { Explanation } from '../training/explanation.ts';
import { judgeAttributions, trainedAttributions } from './attribution-drift.ts';
import { explainSample, spreadRows } from './explain-sample.ts';

const definition = defineModel({
  name: 'sums',
  task: 'regression',
  features: { a: { type: 'number' }, b: { type: 'number' }, c: { type: 'number' } },
  target: { name: 'y', type: 'number' },
  train: {},
});
const weights: Record<string, number> = { a: 3, b: 1, c: 0.1 };
const answerTo = (row: Row) =>
  Object.entries(weights).reduce((sum, [name, w]) => sum + w * Number(row[name]), 0);
const session = {
  predict: async (rows: readonly Row[]): Promise<Prediction[]> =>
    rows.map((row) => ({ value: answerTo(row) })),
};
const zero = { a: 0, b: 0, c: 0 };
const golden = (contributions: Record<string, number>, row: number) => ({
  row,
  label: null,
  base: 0,
  contributions,
});
const explanation = {
  reference: {
    background: [zero],
    permutations: [],
    golden: [golden({ a: 3, b: -1, c: 0.1 }, 0), golden({ a: -3, b: 1, c: -0.1 }, 1)],
    method: 'enumeration',
    tolerance: 1e-6,
  },
} as unknown as Explanation;
const trained = trainedAttributions(explanation);

describe('explainSample', () => {
  it('gives the mean sizes of exact contributions', async () => {
    const rows = [
      { a: 1, b: 2, c: 0 },
      { a: -1, b: 0, c: 10 },
    ];
    const found = await explainSample(rows, { definition, session }, explanation, () => 0);
    expect(found.sample).toBe(2);
    expect(found.means.a).toBeCloseTo(3, 10);
    expect(found.means.b).toBeCloseTo(1, 10);
    expect(found.means.c).toBeCloseTo(0.5, 10);
  });

  it('stops when time runs out, and counts the rows it had', async () => {
    let now = 0;
    const slow = () => {
      now += 6000;
      return now;
    };
    const rows = Array.from({ length: 40 }, () => ({ a: 1, b: 1, c: 1 }));
    const { sample } = await explainSample(rows, { definition, session }, explanation, slow);
    expect(sample).toBeLessThan(10);
  });

  it('takes rows from everywhere', () => {
    const rows = Array.from({ length: 400 }, (_, place) => ({ place }));
    const some = spreadRows(rows);
    expect(some).toHaveLength(40);
    expect(some.at(-1)).toEqual({ place: 390 });
    expect(spreadRows(rows.slice(0, 3))).toHaveLength(3);
    expect(spreadRows([])).toEqual([]);
  });
});

describe('judgeAttributions', () => {
  it('knows what decided in training', () => {
    expect(trained).toEqual({ a: 3, b: 1, c: expect.closeTo(0.1, 10) });
  });

  it('finds the same order the same, whatever the sizes', () => {
    const found = judgeAttributions(trained, { means: { a: 30, b: 20, c: 10 }, sample: 40 });
    expect(found).toMatchObject({ verdict: 'same', agreement: 1 });
  });

  it('finds another order changed, and says who decides', () => {
    const found = judgeAttributions(trained, { means: { a: 0.1, b: 0.2, c: 8 }, sample: 40 });
    expect(found.verdict).toBe('changed');
    // By hand: (3/2 + 1/log2 3 + 0.1) / (3 + 1/log2 3 + 0.05).
    expect(found.agreement).toBeCloseTo((1.5 + 1 / Math.log2(3) + 0.1) / (3 + 1 / Math.log2(3) + 0.05), 10);
    expect(found.reason).toContain('c decides most');
    expect(found.features[0]).toEqual({ feature: 'a', trained: 3, live: 0.1, trainedRank: 1, liveRank: 3 });
  });

  it('says why it says nothing', () => {
    expect(judgeAttributions(trained, { reason: 'no explanation' })).toMatchObject({
      verdict: 'not available',
      reason: 'no explanation',
    });
    const few = judgeAttributions(trained, { means: { a: 1, b: 1, c: 1 }, sample: 19 });
    expect(few.reason).toContain('19 live rows');
  });
});
