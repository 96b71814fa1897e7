import { describe, expect, it } from 'vitest';
import { fisherGreater } from './fisher-greater.ts';
import reference from './fixtures/one-sided.json' with { type: 'json' };
import { mannWhitneyGreater } from './mann-whitney.ts';
import { normalQuantile, normalTail } from './normal.ts';

describe('fisherGreater', () => {
  it.each(reference.fisher)('agrees with SciPy on $first and $second', ({ first, second, pValue }) => {
    expect(Math.abs(fisherGreater(first, second) / pValue - 1)).toBeLessThan(1e-8);
  });
});

describe('mannWhitneyGreater', () => {
  it.each(reference.ranks)('agrees with SciPy on case %#', ({ first, second, pValue, greater }) => {
    const found = mannWhitneyGreater(first, second);
    expect(found.pValue).toBeCloseTo(pValue, 10);
    expect(found.greater).toBeCloseTo(greater, 12);
  });

  it('finds no difference where there is nothing, or one value alone', () => {
    expect(mannWhitneyGreater([], [1]).pValue).toBe(1);
    expect(mannWhitneyGreater([2, 2], [2, 2])).toEqual({ z: 0, pValue: 1, greater: 0.5 });
  });
});

describe('normalTail', () => {
  it.each(reference.normal)('agrees with SciPy at $z', ({ z, tail }) => {
    expect(Math.abs(normalTail(z) / tail - 1)).toBeLessThan(1e-9);
    if (z > 0) expect(normalQuantile(tail)).toBeCloseTo(z, 8);
  });
});
