import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chiSquareHomogeneity, chiSquareTail } from './chi-square.ts';
import reference from './fixtures/distributions.json' with { type: 'json' };
import { kolmogorovSmirnov, kolmogorovTail } from './kolmogorov-smirnov.ts';
import { wilsonBounds } from './wilson.ts';

const counts = fc.array(fc.nat(400), { minLength: 2, maxLength: 12 });

describe('kolmogorovSmirnov', () => {
  it.each(reference.kolmogorovSmirnov)('agrees with SciPy on case %#', ({ first, second, ...wanted }) => {
    const found = kolmogorovSmirnov(first, second);
    expect(found.distance).toBeCloseTo(wanted.distance, 12);
    expect(found.pValue).toBeCloseTo(wanted.pValue, 10);
  });

  it.each(reference.kolmogorovTail)('has the tail of SciPy at $value', ({ value, tail }) => {
    expect(kolmogorovTail(value)).toBeCloseTo(tail, 10);
  });

  it('says nothing of an empty sample', () => {
    expect(kolmogorovSmirnov([0, 0], [3, 4])).toEqual({ distance: 0, pValue: 1 });
  });

  it('is the same seen from either side', () => {
    fc.assert(
      fc.property(counts, counts, (first, second) => {
        const all = [...first, ...new Array<number>(12 - first.length).fill(0)];
        const too = [...second, ...new Array<number>(12 - second.length).fill(0)];
        expect(kolmogorovSmirnov(all, too).distance).toBeCloseTo(kolmogorovSmirnov(too, all).distance, 12);
      }),
    );
  });
});

describe('chiSquareHomogeneity', () => {
  it.each(reference.chiSquare)('agrees with SciPy on case %#', ({ first, second, ...wanted }) => {
    const found = chiSquareHomogeneity(first, second);
    expect(found.degreesOfFreedom).toBe(wanted.degreesOfFreedom);
    expect(found.statistic).toBeCloseTo(wanted.statistic, 9);
    expect(found.pValue).toBeCloseTo(wanted.pValue, 11);
    expect(found.effect).toBeCloseTo(wanted.effect, 11);
  });

  it.each(reference.chiSquareTail)(
    'has the tail of SciPy at $value with $degreesOfFreedom degrees of freedom',
    ({ value, degreesOfFreedom, tail }) => {
      expect(Math.abs(chiSquareTail(value, degreesOfFreedom) - tail)).toBeLessThanOrEqual(
        1e-10 * tail + 1e-14,
      );
    },
  );

  it('takes rare categories together', () => {
    expect(chiSquareHomogeneity([100, 100, 1, 2, 3], [100, 100, 3, 2, 1]).degreesOfFreedom).toBe(2);
  });

  it('finds no difference where there is one category alone', () => {
    expect(chiSquareHomogeneity([9], [20])).toMatchObject({ pValue: 1, effect: 0 });
    expect(chiSquareHomogeneity([], [])).toMatchObject({ pValue: 1, effect: 0 });
  });
});

describe('wilsonBounds', () => {
  it.each(reference.wilson)(
    'agrees with SciPy for $successes of $trials',
    ({ successes, trials, least, most }) => {
      const found = wilsonBounds(successes, trials);
      expect(found.least).toBeCloseTo(least, 12);
      expect(found.most).toBeCloseTo(most, 12);
    },
  );

  it('knows nothing without trials', () => {
    expect(wilsonBounds(0, 0)).toEqual({ least: 0, most: 1 });
  });
});
