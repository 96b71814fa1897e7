import { describe, expect, it } from 'vitest';
import { rowsForMean, rowsForShare } from './theory.ts';

describe('rowsForMean', () => {
  it('is what the tables say where the reference is endless, and more where it is not', () => {
    // ((1.9600 + 1.2816) / 0.5)^2
    expect(rowsForMean(0.5, 1e12, 0.05)).toBeCloseTo(42.03, 2);
    expect(rowsForMean(0.5, 500, 0.05)).toBeCloseTo(45.89, 2);
  });
});

describe('rowsForShare', () => {
  it('is what the tables say of a share against one that is known', () => {
    // (1.9600 sqrt(0.3 · 0.7) + 1.2816 sqrt(0.4 · 0.6))^2 / 0.1^2
    expect(rowsForShare(0.3, 0.4, 1e9, 0.05)).toBe(233);
  });

  it('asks of a share that was none for the hits that prove it', () => {
    // Three hits prove it at this level; 0.9 of the samples of 105 have as many.
    expect(rowsForShare(0, 0.05, 5000, 1.8e-5)).toBe(105);
  });
});
