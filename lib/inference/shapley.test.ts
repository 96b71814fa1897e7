import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Row } from '../data/dataset.ts';
import { explainedModels } from './fixtures/models.ts';
import type { Prediction } from './prediction-record.ts';
import { openSession } from './session.ts';
import { type ShapleyRequest, shapleyOf } from './shapley.ts';

const numberOf = (row: Row, name: string) => Number(row[name] ?? 0);

/** a + 2b + ab, and c without weight. */
const priceOf = (row: Row): Prediction => {
  const [a, b] = [numberOf(row, 'a'), numberOf(row, 'b')];
  return { value: a + 2 * b + a * b };
};

function aRequest(change: Partial<ShapleyRequest> = {}): ShapleyRequest {
  const row = { a: 3, b: 2, c: 7 };
  return {
    row,
    prediction: priceOf(row),
    features: ['a', 'b', 'c'],
    reference: { background: [{ a: 0, b: 0, c: 0 }], permutations: [] },
    predict: async (rows) => rows.map(priceOf),
    beforeBatch: async () => undefined,
    ...change,
  };
}

describe('shapleyOf', () => {
  it('shares what two features do together equally, and gives nothing to one without effect', async () => {
    const { answer, base, contributions } = await shapleyOf(aRequest());
    expect({ answer, base }).toEqual({ answer: 13, base: 0 });
    expect(contributions.a).toBeCloseTo(3 + 3, 12);
    expect(contributions.b).toBeCloseTo(4 + 3, 12);
    expect(contributions.c).toBeCloseTo(0, 12);
  });

  it('comes to the same with every order as with every coalition', async () => {
    const background = [
      { a: 1, b: 5, c: 1 },
      { a: -2, b: 0.5, c: 3 },
    ];
    const exact = await shapleyOf(aRequest({ reference: { background, permutations: [] } }));
    // With their reverses these three orders are all six.
    const permutations = [
      [0, 1, 2],
      [0, 2, 1],
      [1, 0, 2],
    ];
    const sampled = await shapleyOf(aRequest({ reference: { background, permutations } }));
    expect(sampled.base).toBeCloseTo(exact.base, 12);
    for (const name of ['a', 'b', 'c']) {
      expect(sampled.contributions[name]).toBeCloseTo(exact.contributions[name] ?? Number.NaN, 12);
    }
  });

  it('adds up to the answer whatever the rows and orders', async () => {
    const cell = fc.double({ min: -1e3, max: 1e3, noNaN: true });
    const row = fc.record({ a: cell, b: cell, c: cell });
    const order = fc.shuffledSubarray([0, 1, 2], { minLength: 3 });
    await fc.assert(
      fc.asyncProperty(
        row,
        fc.array(row, { minLength: 1 }),
        fc.array(order),
        async (given, background, permutations) => {
          const request = aRequest({
            row: given,
            prediction: priceOf(given),
            reference: { background, permutations },
          });
          const { answer, base, contributions } = await shapleyOf(request);
          const sum = Object.values(contributions).reduce((total, each) => total + each, base);
          expect(Math.abs(sum - answer)).toBeLessThan(1e-6);
        },
      ),
    );
  });

  it('explains the vote of a classifier that gives no scores', async () => {
    const vote = (row: Row): Prediction => ({ label: numberOf(row, 'a') > 1 ? 'big' : 'small' });
    const { answer, base, contributions } = await shapleyOf(
      aRequest({ prediction: { label: 'big' }, predict: async (rows) => rows.map(vote) }),
    );
    expect({ answer, base }).toEqual({ answer: 1, base: 0 });
    expect(contributions.a).toBeCloseTo(1, 12);
    expect(contributions.b).toBeCloseTo(0, 12);
  });

  it('asks for time before each batch, and never for more than about a thousand rows at once', async () => {
    const sizes: number[] = [];
    let batches = 0;
    const features = Array.from({ length: 10 }, (_, place) => `x${place}`);
    await shapleyOf(
      aRequest({
        features,
        row: {},
        prediction: { value: 0 },
        reference: { background: Array.from({ length: 24 }, () => ({})), permutations: [] },
        predict: async (rows) => {
          sizes.push(rows.length);
          return rows.map(() => ({ value: 0 }));
        },
        beforeBatch: async () => void batches++,
      }),
    );
    expect(Math.max(...sizes)).toBeLessThanOrEqual(1024);
    expect(sizes.reduce((sum, each) => sum + each, 0)).toBe(1023 * 24);
    expect(batches).toBe(sizes.length);
  });

  it.each(explainedModels().map((model) => [model.definition.name, model] as const))(
    'finds in the session of %s what training found',
    async (_name, model) => {
      const { definition, golden, explanation } = model;
      const session = await openSession(model);
      const predictions = await session.predict(golden.rows);
      const { reference } = explanation;
      expect(reference.golden.length).toBeGreaterThan(0);
      for (const found of reference.golden) {
        const row = golden.rows[found.row];
        const prediction = predictions[found.row];
        if (!row || !prediction) throw new Error(`golden row ${found.row} is not there`);
        const ours = await shapleyOf({
          row,
          prediction,
          features: Object.keys(definition.features),
          reference,
          predict: (rows) => session.predict(rows),
          beforeBatch: async () => undefined,
        });
        expect('label' in prediction ? prediction.label : null).toBe(found.label);
        expect(Math.abs(ours.base - found.base)).toBeLessThanOrEqual(reference.tolerance);
        for (const [name, contribution] of Object.entries(found.contributions)) {
          const difference = Math.abs((ours.contributions[name] ?? Number.NaN) - contribution);
          expect(difference, name).toBeLessThanOrEqual(reference.tolerance);
        }
      }
      await session.release();
    },
  );
});
