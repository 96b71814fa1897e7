import { describe, expect, it } from 'vitest';
import type { ColumnProfile } from '../data/dataset.ts';
import { binsOf } from '../data/profile-bins.ts';
import { judgeDrift } from './drift.ts';

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

const limits = { psi: 0.2, leastSample: 100 };

describe('judgeDrift', () => {
  it('finds a feature drifted whose values moved', () => {
    const drift = judgeDrift({
      frozen: { a: numeric([50, 50, 50, 50]), b: numeric([50, 50, 50, 50]) },
      live: { a: numeric([0, 0, 50, 150]), b: numeric([48, 52, 50, 50]) },
      sample: 200,
      limits,
    });
    expect(drift.verdict).toBe('drifted');
    expect(drift.reason).toMatch(/^a changed/);
    expect(drift.features.map(({ name, verdict }) => [name, verdict])).toEqual([
      ['a', 'drifted'],
      ['b', 'stable'],
    ]);
  });

  it('says that there is not enough data below the least sample, however far values moved', () => {
    const drift = judgeDrift({
      frozen: { a: numeric([50, 50, 50, 50]) },
      live: { a: numeric([0, 0, 0, 99]) },
      sample: 99,
      limits,
    });
    expect(drift.verdict).toBe('not enough data');
    expect(drift.reason).toContain('99 live rows');
    expect(drift.features[0]).toMatchObject({ verdict: 'not enough data', psi: null });
  });

  it('does not take for drift what chance makes of a small sample', () => {
    const drift = judgeDrift({
      frozen: { a: numeric([30, 30, 30, 30]) },
      live: { a: numeric([8, 4, 4, 4]) },
      sample: 20,
      limits: { psi: 0.05, leastSample: 20 },
    });
    expect(drift.features[0]?.psi).toBeGreaterThan(0.05);
    expect(drift.features[0]?.reason).toContain('chance');
    expect(drift.verdict).toBe('stable');
  });

  it('finds a feature drifted that begins to be missing', () => {
    const drift = judgeDrift({
      frozen: { a: numeric([50, 50, 50, 50]) },
      live: { a: numeric([25, 25, 25, 25], 100) },
      sample: 200,
      limits,
    });
    expect(drift.verdict).toBe('drifted');
  });

  it('has nothing to compare with when the dataset had no value', () => {
    const drift = judgeDrift({
      frozen: { a: numeric([0, 0, 0, 0]) },
      live: { a: numeric([50, 50, 50, 50]) },
      sample: 200,
      limits,
    });
    expect(drift.features[0]).toMatchObject({ verdict: 'not enough data', psi: null });
    expect(drift.verdict).toBe('not enough data');
  });

  it('takes a feature that no live row has as missing from all', () => {
    const drift = judgeDrift({
      frozen: { a: numeric([50, 50, 50, 50]) },
      live: { a: numeric([0, 0, 0, 0], 200) },
      sample: 200,
      limits,
    });
    expect(drift.verdict).toBe('drifted');
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
