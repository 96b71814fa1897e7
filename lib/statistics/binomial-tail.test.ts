import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import figures from '../evaluation/fixtures/figures.json' with { type: 'json' };
import { binomialTail } from './binomial-tail.ts';

describe('binomialTail', () => {
  it.each(figures.binomialTail)('equals SciPy for $k of $n at $share', ({ k, n, share, tail }) => {
    expect(Math.abs(binomialTail(k, n, share) / tail - 1)).toBeLessThan(1e-11);
  });

  it('is certain at the ends', () => {
    expect(binomialTail(5, 5, 0.3)).toBe(1);
    expect(binomialTail(0, 5, 0)).toBe(1);
    expect(binomialTail(4, 5, 1)).toBe(0);
    expect(binomialTail(0, 0, 0.5)).toBe(1);
  });

  it('grows with the count, from above 0 to 1', () => {
    const share = fc.double({ min: 0.01, max: 0.99, noNaN: true });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 400 }), share, (n, p) => {
        let before = 0;
        for (let k = 0; k <= n; k += 1) {
          const tail = binomialTail(k, n, p);
          expect(tail).toBeGreaterThanOrEqual(before - 1e-12);
          expect(tail).toBeLessThanOrEqual(1);
          before = tail;
        }
        expect(before).toBe(1);
      }),
      { numRuns: 30 },
    );
  });
});
