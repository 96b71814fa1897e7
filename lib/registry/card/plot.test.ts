import { describe, expect, it } from 'vitest';
import { cut, rangeOf, short, ticksOf } from './plot.ts';

describe('ticksOf', () => {
  it.each([
    [0, 1, [0, 0.2, 0.4, 0.6, 0.8, 1]],
    [-0.4, 2.1, [0, 0.5, 1, 1.5, 2]],
    [9_800, 40_300, [10_000, 20_000, 30_000, 40_000]],
    [1e-7, 5e-7, [1e-7, 2e-7, 3e-7, 4e-7, 5e-7]],
  ])('gives round numbers from %s to %s', (low, high, ticks) => {
    expect(ticksOf({ low, high })).toEqual(ticks);
  });
});

describe('rangeOf', () => {
  it('has an extent whatever the values are', () => {
    expect(rangeOf([])).toEqual({ low: 0, high: 1 });
    for (const values of [[0], [5, 5], [-1e9], [1e-9, 2e-9]]) {
      const { low, high } = rangeOf(values);
      expect(high).toBeGreaterThan(low);
    }
  });
});

describe('short', () => {
  it('keeps four digits that count', () => {
    expect([0.913_44, 12_345.6, 1e-9, 0, 1].map(short)).toEqual(['0.9134', '12350', '1e-9', '0', '1']);
  });
});

describe('cut', () => {
  it('shortens long names without breaking a character', () => {
    expect(cut('versicolor', 10)).toBe('versicolor');
    expect(cut('versicolor', 6)).toBe('versi…');
    expect(cut('🌹🌹🌹🌹', 3)).toBe('🌹🌹…');
  });
});
