import { describe, expect, it } from 'vitest';
import type { ColumnProfile } from '../data/dataset.ts';
import { binsOf } from '../data/profile-bins.ts';
import { judgeShifts, summarise } from './drift.ts';
import { compareProfiles } from './feature-comparison.ts';

function numeric(counts: number[], missing = 0): ColumnProfile {
  const count = counts.reduce((sum, value) => sum + value, 0);
  return {
    type: 'numeric',
    count,
    missing,
    mean: null,
    standardDeviation: null,
    min: null,
    max: null,
    edges: [1, 2, 3],
    counts,
  };
}

function categorical(counts: Record<string, number>, other = 0): ColumnProfile {
  const count = Object.values(counts).reduce((sum, value) => sum + value, other);
  return { type: 'categorical', count, missing: 0, counts, other };
}

const limits = { psi: 0.2, distance: 0.1, share: 0.05, missing: 0.025, falseAlarms: 0.001, leastSample: 100 };
const even = numeric([50, 50, 50, 50]);

type Pair = [frozen: ColumnProfile, live: ColumnProfile];

function judged(pairs: Record<string, Pair>, sample = 200, changes: Partial<typeof limits> = {}) {
  const watched = Object.entries(pairs).map(([name, [frozen, live]]) => ({
    name,
    comparison: compareProfiles(frozen, live),
    sample,
  }));
  const all = { ...limits, ...changes };
  const features = judgeShifts(watched, all);
  return { ...summarise(features, sample, all), features };
}

describe('judgeShifts', () => {
  it('finds a feature drifted whose values moved', () => {
    const drift = judged({
      a: [even, numeric([0, 0, 50, 150])],
      b: [even, numeric([48, 52, 50, 50])],
    });
    expect(drift.verdict).toBe('drifted');
    expect(drift.reason).toMatch(/^a changed/);
    expect(drift.features.map(({ name, verdict }) => [name, verdict])).toEqual([
      ['a', 'drifted'],
      ['b', 'stable'],
    ]);
    expect(drift.features[0]?.reason).toMatch(/KS distance 0\.500 \(limit 0\.1; chance alone: p \d/);
  });

  it('says that there is not enough data below the least sample, however far values moved', () => {
    const drift = judged({ a: [even, numeric([0, 0, 0, 99])] }, 99);
    expect(drift.verdict).toBe('not enough data');
    expect(drift.reason).toContain('99 live rows');
    expect(drift.features[0]).toMatchObject({ verdict: 'not enough data', psi: null, tests: [] });
  });

  it('does not take for drift what chance makes of a small sample', () => {
    const frozen = numeric([30, 30, 30, 30]);
    const drift = judged({ a: [frozen, numeric([8, 4, 4, 4])] }, 20, { psi: 0.05, leastSample: 20 });
    expect(drift.features[0]?.psi).toBeGreaterThan(0.05);
    expect(drift.features[0]?.reason).toContain('chance');
    expect(drift.verdict).toBe('stable');
  });

  it('does not take for drift what a large sample proves and nobody cares for', () => {
    const drift = judged(
      { a: [numeric([25_000, 25_000, 25_000, 25_000]), numeric([26_000, 24_500, 24_500, 25_000])] },
      100_000,
    );
    expect(drift.verdict).toBe('stable');
    expect(drift.features[0]?.reason).toContain('less than the limit');
  });

  it('asks for more proof the more features there are', () => {
    const moved: Pair = [numeric([75, 75, 75, 75]), numeric([60, 60, 50, 130])];
    const same: Pair = [even, even];
    const many = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`f${i}`, same]));
    expect(judged({ a: moved }, 300).verdict).toBe('drifted');
    expect(judged({ a: moved, ...many }, 300).verdict).toBe('stable');
  });

  it('finds a feature drifted that begins to be missing, from a handful of rows on', () => {
    const drift = judged({ a: [numeric([500, 500, 500, 500]), numeric([45, 45, 50, 50], 10)] });
    expect(drift.features[0]?.reason).toContain('of missing values 0.050');
    expect(drift.verdict).toBe('drifted');
  });

  it('finds categories that training never saw', () => {
    const drift = judged({
      a: [categorical({ red: 600, blue: 400 }), categorical({ red: 115, blue: 75 }, 10)],
    });
    expect(drift.features[0]?.reason).toContain('never seen in training');
    expect(drift.verdict).toBe('drifted');
  });

  it('finds a category whose share grew by ten points, though the index is small', () => {
    const drift = judged(
      { a: [categorical({ a: 3000, b: 3500, c: 3500 }), categorical({ a: 400, b: 300, c: 300 })] },
      1000,
    );
    expect(drift.features[0]?.psi).toBeLessThan(0.2);
    expect(drift.features[0]?.reason).toContain('change of a share 0.100');
    expect(drift.verdict).toBe('drifted');
  });

  it('has nothing to compare with when the dataset had no value', () => {
    const drift = judged({ a: [numeric([0, 0, 0, 0]), even] });
    expect(drift.features[0]).toMatchObject({ verdict: 'not enough data', psi: null });
    expect(drift.verdict).toBe('not enough data');
  });

  it('takes a feature that no live row has as missing from all', () => {
    expect(judged({ a: [even, numeric([0, 0, 0, 0], 200)] }).verdict).toBe('drifted');
  });
});

describe('binsOf', () => {
  it('names intervals by their edges and puts missing values last', () => {
    const labels = binsOf(numeric([1, 2, 3, 4], 5), undefined).map(({ label }) => label);
    expect(labels).toEqual(['≤ 1', '1 – 2', '2 – 3', '> 3', 'missing']);
  });

  it('counts categories that the frozen profile does not name as other', () => {
    const frozen: ColumnProfile = {
      type: 'categorical',
      count: 10,
      missing: 0,
      counts: { red: 6, blue: 4 },
      other: 0,
    };
    const live: ColumnProfile = {
      type: 'categorical',
      count: 9,
      missing: 2,
      counts: { red: 3, green: 5 },
      other: 1,
    };
    expect(binsOf(frozen, live)).toEqual([
      { label: 'red', frozen: 6, live: 3 },
      { label: 'blue', frozen: 4, live: 0 },
      { label: 'other', frozen: 0, live: 6 },
      { label: 'missing', frozen: 0, live: 2 },
    ]);
  });
});
