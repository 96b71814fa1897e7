import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../shared/random.ts';
import type { ColumnProfile } from '../dataset.ts';
import { countBins, profileColumn } from '../profile.ts';
import { judgeShift } from './shift.ts';

const limits = { psi: 0.2, distance: 0.1, leastSample: 200 };
const number = { type: 'number', categories: [] } as const;
const colour = { type: 'category', categories: ['red', 'green', 'blue'] } as const;

function normals(n: number, seed: number, shift = 0): number[] {
  const random = seededRandom(seed);
  return Array.from(
    { length: n },
    () => shift + Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random()),
  );
}

function compare(then: number[], now: number[], columns = 20) {
  const earlier = profileColumn(then, number);
  const edges = earlier.type === 'numeric' ? earlier.edges : [];
  return judgeShift(earlier, profileColumn(now, number), countBins(now, edges), limits, columns);
}

describe('judgeShift', () => {
  it('calls hardly any of two hundred unchanged columns shifted, however few rows', () => {
    for (const n of [200, 1000]) {
      const shifted = Array.from({ length: 200 }, (_, i) =>
        compare(normals(n, 2 * i + 1), normals(n, 2 * i + 2), 200),
      ).filter(({ verdict }) => verdict === 'shifted');
      expect(shifted.length).toBeLessThanOrEqual(1);
    }
  });

  it('finds a move of half a deviation, and lets one of a hundredth be though the rows prove it', () => {
    expect(compare(normals(1000, 1), normals(1000, 2, 0.5))).toMatchObject({ verdict: 'shifted' });
    const slight = compare(normals(60_000, 1), normals(60_000, 2, 0.03));
    expect(slight).toMatchObject({ verdict: 'stable' });
    expect(slight.pValue).toBeLessThan(0.001);
  });

  it('counts values that came to be missing', () => {
    const then = normals(1000, 1);
    const earlier = profileColumn(then, number);
    const later = profileColumn([...then.slice(0, 600), ...new Array<null>(400).fill(null)], number);
    const counts = earlier.type === 'numeric' ? countBins(then.slice(0, 600), earlier.edges) : [];
    expect(judgeShift(earlier, later, counts, limits, 5)).toMatchObject({ verdict: 'shifted' });
  });

  it('holds categories by chi-square and Cramér’s V', () => {
    const of = (red: number, green: number, blue: number) =>
      profileColumn(
        [...Array(red).fill('red'), ...Array(green).fill('green'), ...Array(blue).fill('blue')],
        colour,
      );
    const moved = judgeShift(of(500, 300, 200), of(300, 300, 400), undefined, limits, 5);
    expect(moved).toMatchObject({ verdict: 'shifted', reason: expect.stringContaining("Cramér's V") });
    expect(judgeShift(of(500, 300, 200), of(510, 290, 200), undefined, limits, 5).verdict).toBe('stable');
  });

  it('judges neither few rows nor another type', () => {
    expect(compare(normals(1000, 1), normals(100, 2, 3))).toMatchObject({ verdict: 'not-judged', psi: null });
    const text: ColumnProfile = { type: 'text', count: 900, missing: 0, edges: [4], counts: [400, 500] };
    expect(judgeShift(text, profileColumn(normals(900, 1), number), [], limits, 1)).toMatchObject({
      verdict: 'not-judged',
      reason: 'it had another type then',
    });
  });
});
