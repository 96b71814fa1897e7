import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import reference from './fixtures/rank-shift.json' with { type: 'json' };
import { rankShift } from './rank-shift.ts';

const bins = 6;
const counts = fc.array(fc.nat(400), { minLength: bins, maxLength: bins });

describe('rankShift', () => {
  it.each(reference)('agrees with SciPy on case %#', ({ first, second, pValue }) => {
    expect(Math.abs(rankShift(first, second).pValue / pValue - 1)).toBeLessThan(1e-9);
  });

  it('is positive when the second sample is greater, and turned round when the samples are', () => {
    expect(rankShift([9, 1], [1, 9]).z).toBeGreaterThan(0);
    fc.assert(
      fc.property(counts, counts, (first, second) => {
        expect(rankShift(first, second).z).toBeCloseTo(-rankShift(second, first).z, 9);
      }),
    );
  });

  it('finds no difference where there is nothing, or one bin alone', () => {
    expect(rankShift([0, 0], [3, 4])).toEqual({ z: 0, pValue: 1 });
    expect(rankShift([5, 0], [7, 0])).toEqual({ z: 0, pValue: 1 });
  });
});
