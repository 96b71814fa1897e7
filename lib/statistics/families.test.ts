import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fisherExact } from './fisher-exact.ts';
import reference from './fixtures/families.json' with { type: 'json' };
import { holmAdjusted } from './holm.ts';

describe('fisherExact', () => {
  it.each(reference.fisher)('agrees with SciPy on $first and $second', ({ first, second, pValue }) => {
    expect(Math.abs(fisherExact(first, second) / pValue - 1)).toBeLessThan(1e-6);
  });

  it('is the same from either side and at most 1', () => {
    const share = fc.tuple(fc.nat(80), fc.nat(80)).map(([hits, others]) => ({ hits, trials: hits + others }));
    fc.assert(
      fc.property(share, share, (first, second) => {
        const found = fisherExact(first, second);
        expect(found).toBeGreaterThan(0);
        expect(found).toBeLessThanOrEqual(1);
        expect(found).toBeCloseTo(fisherExact(second, first), 9);
      }),
    );
  });
});

describe('holmAdjusted', () => {
  it.each(reference.holm)('is what its definition gives for $pValues', ({ pValues, adjusted }) => {
    for (const [place, found] of holmAdjusted(pValues).entries()) {
      expect(found).toBeCloseTo(adjusted[place] ?? Number.NaN, 12);
    }
  });

  it('does not depend on the order of the tests', () => {
    const values = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(values, (pValues) => {
        expect(holmAdjusted(pValues.toReversed())).toEqual(holmAdjusted(pValues).toReversed());
      }),
    );
  });
});
