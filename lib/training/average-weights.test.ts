import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { EvergreenError } from '../shared/errors.ts';
import { averageWeights, type FederatedUpdate } from './average-weights.ts';

/** Updates in order of the parties a, b, c …, and what numpy says of them; see make-averages.py. */
const averages = z
  .array(
    z.object({ rows: z.array(z.int()), weights: z.array(z.array(z.number())), mean: z.array(z.number()) }),
  )
  .parse(JSON.parse(readFileSync(new URL('./fixtures/averages.json', import.meta.url), 'utf8')));

const nameOf = (place: number) => `party-${place}`;

function anUpdate(over: Partial<FederatedUpdate> = {}): FederatedUpdate {
  return {
    schema: 'evergreen/federated-update/v1',
    party: nameOf(0),
    round: 1,
    rows: 1,
    weights: [0, 0],
    ...over,
  };
}

const byParty = (...updates: FederatedUpdate[]) => new Map(updates.map((each) => [each.party, each]));

function average(rows: number[], weights: number[][]) {
  const updates = rows.map((count, place) =>
    anUpdate({ party: nameOf(place), rows: count, weights: weights[place] ?? [] }),
  );
  const terms = { parties: rows.map((_, place) => nameOf(place)), round: 1, count: weights[0]?.length ?? 0 };
  return averageWeights(byParty(...updates), terms);
}

const parties = fc
  .record({ parties: fc.integer({ min: 2, max: 20 }), count: fc.integer({ min: 1, max: 12 }) })
  .chain(({ parties: many, count }) =>
    fc.tuple(
      fc.array(fc.integer({ min: 1, max: 10_000_000 }), { minLength: many, maxLength: many }),
      fc.array(
        fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: count, maxLength: count }),
        { minLength: many, maxLength: many },
      ),
    ),
  );

/** Equal but for the rounding of sums of so large numbers. */
function expectClose(found: readonly number[], wanted: readonly number[], scale: number): void {
  expect(found).toHaveLength(wanted.length);
  for (const [place, value] of found.entries()) {
    expect(Math.abs(value - (wanted[place] ?? Number.NaN))).toBeLessThanOrEqual(1e-12 * Math.max(1, scale));
  }
}

const greatest = (weights: number[][]) => Math.max(...weights.flat().map(Math.abs));

describe('averageWeights', () => {
  it.each(averages)('is the weighted mean of numpy for rows $rows', ({ rows, weights, mean }) => {
    expectClose(average(rows, weights).weights, mean, greatest(weights));
  });

  it('counts a party as often as it has rows', () => {
    const { weights, parties: counted } = average(
      [1, 3],
      [
        [0, 8],
        [4, 0],
      ],
    );
    expect(weights).toEqual([3, 2]);
    expect(counted).toEqual([
      { name: 'party-0', rows: 1 },
      { name: 'party-1', rows: 3 },
    ]);
  });

  it('lies between the least and the greatest of each weight', () => {
    fc.assert(
      fc.property(parties, ([rows, weights]) => {
        const slack = 1e-12 * Math.max(1, greatest(weights));
        for (const [place, mean] of average(rows, weights).weights.entries()) {
          const of = weights.map((each) => each[place] ?? Number.NaN);
          expect(mean).toBeGreaterThanOrEqual(Math.min(...of) - slack);
          expect(mean).toBeLessThanOrEqual(Math.max(...of) + slack);
        }
      }),
    );
  });

  it('depends neither on the order of the parties nor on the unit of rows', () => {
    fc.assert(
      fc.property(parties, fc.integer({ min: 1, max: 1000 }), ([rows, weights], unit) => {
        const found = average(rows, weights).weights;
        const turned = average(rows.toReversed(), weights.toReversed()).weights;
        const scaled = average(
          rows.map((count) => count * unit),
          weights,
        ).weights;
        expectClose(turned, found, greatest(weights));
        expectClose(scaled, found, greatest(weights));
      }),
    );
  });

  it('is the mean of all rows however they are dealt out', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: -1e3, max: 1e3, noNaN: true }), { minLength: 2 }), (values) => {
        const cut = Math.max(1, Math.floor(values.length / 3));
        const parts = [values.slice(0, cut), values.slice(cut)];
        const meanOf = (some: number[]) => some.reduce((sum, value) => sum + value, 0) / some.length;
        const found = average(
          parts.map(({ length }) => length),
          parts.map((part) => [meanOf(part)]),
        );
        expectClose(found.weights, [meanOf(values)], 1e3);
      }),
    );
  });

  it.each<[why: string, update: FederatedUpdate | undefined, message: string]>([
    ['that is not there', undefined, 'it left no update'],
    ['of another party', anUpdate({ party: 'b' }), 'its update is signed by "b"'],
    ['of another round', anUpdate({ round: 2 }), 'its update is one of round 2, and this is round 1'],
    ['of no rows', anUpdate({ rows: 0 }), 'its update comes from 0 rows; it takes at least one'],
    ['of fewer than no rows', anUpdate({ rows: -5 }), 'its update comes from -5 rows'],
    ['of another shape', anUpdate({ weights: [1] }), 'its update has 1 weights, and the model has 2'],
    ['with infinity', anUpdate({ weights: [1, Infinity] }), '1 of its 2 weights are no finite numbers'],
    ['with NaN', anUpdate({ weights: [Number.NaN, -Infinity] }), '2 of its 2 weights are no finite numbers'],
    ['with texts', anUpdate({ weights: ['1', 2] }), '1 of its 2 weights are no finite numbers'],
  ])('refuses an update %s, and says whose', (_, update, message) => {
    const updates = byParty(anUpdate({ party: 'other' }));
    if (update) updates.set('party-0', update);
    const terms = { parties: ['party-0', 'other'], round: 1, count: 2 };
    expect(() => averageWeights(updates, terms)).toThrow(EvergreenError);
    expect(() => averageWeights(updates, terms)).toThrow(`party party-0: ${message}`);
  });
});
