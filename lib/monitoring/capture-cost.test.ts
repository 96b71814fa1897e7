import { describe, expect, it } from 'vitest';
import { captureCostPerMonth } from './capture-cost.ts';

describe('captureCostPerMonth', () => {
  it('is nothing for nothing, and twice as much for twice as much', () => {
    expect(captureCostPerMonth({ bytes: 0, objects: 0 })).toBe(0);
    const one = captureCostPerMonth({ bytes: 3e8, objects: 100 });
    expect(captureCostPerMonth({ bytes: 6e8, objects: 200 })).toBeCloseTo(2 * one, 10);
  });

  it('is what a calculation by hand gives', () => {
    // A GB a day: 15 for logs, 18.31 for a million receipts of a KB each day, 0.15 for objects, 2.07 for storage.
    expect(captureCostPerMonth({ bytes: 1e9, objects: 1000 })).toBeCloseTo(15 + 18.31 + 0.15 + 2.07, 2);
  });
});
