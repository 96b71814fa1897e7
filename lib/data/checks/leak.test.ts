import { describe, expect, it } from 'vitest';
import type { JointCell } from './joint-counts.ts';
import { tellingOfClasses, tellingOfLine } from './leak.ts';

/** Counts by bin of a class, the same in both halves. */
const both = (group: string, counts: number[]): JointCell[] =>
  [true, false].map((half) => ({ group, isTrain: true, half, counts }));

describe('tellingOfClasses', () => {
  it('is all when each bin has one class, and nothing when every bin has the same', () => {
    expect(
      tellingOfClasses({ column: 'x', cells: [...both('a', [500, 0]), ...both('b', [0, 500])] }),
    ).toMatchObject({ share: 1, rows: 2000 });
    expect(
      tellingOfClasses({ column: 'x', cells: [...both('a', [50, 50]), ...both('b', [40, 40])] }).share,
    ).toBe(0);
  });

  it('is Goodman and Kruskal’s lambda where both halves agree', () => {
    // Of 200 rows 80 are not of the first class; by bins 40 are wrong: half of the errors go.
    const cells = [...both('a', [50, 10]), ...both('b', [10, 30])];
    expect(tellingOfClasses({ column: 'x', cells }).share).toBeCloseTo(1 - 20 / 40, 12);
  });

  it('learns nothing from bins that one half alone has', () => {
    const first = (group: string, counts: number[]) => ({ group, isTrain: true, half: true, counts });
    const second = (group: string, counts: number[]) => ({ group, isTrain: true, half: false, counts });
    const cells = [
      first('a', [5, 0, 0, 0]),
      first('b', [0, 5, 0, 0]),
      second('a', [0, 0, 5, 0]),
      second('b', [0, 0, 0, 5]),
    ];
    expect(tellingOfClasses({ column: 'x', cells }).share).toBe(0);
  });

  it('is less certain of fewer rows', () => {
    const of = (n: number) =>
      tellingOfClasses({ column: 'x', cells: [...both('a', [n, 0]), ...both('b', [0, n])] }).least;
    expect(of(10)).toBeLessThan(of(100));
    expect(of(100)).toBeLessThan(0.99);
    expect(of(1000)).toBeGreaterThan(0.99);
  });

  it('says nothing of one class or no row', () => {
    expect(tellingOfClasses({ column: 'x', cells: both('a', [3, 4]) })).toMatchObject({ share: 0, least: 0 });
    expect(tellingOfClasses({ column: 'x', cells: [] })).toEqual({ share: 0, least: 0, rows: 0 });
  });
});

describe('tellingOfLine', () => {
  it('is the share of the deviation that a line takes away, bounded by Fisher’s z', () => {
    expect(tellingOfLine(0.6, 1e9).share).toBeCloseTo(0.2, 12);
    expect(tellingOfLine(-0.6, 1e9).least).toBeCloseTo(0.2, 4);
    // tanh(atanh(0.9) - 2.3263 / sqrt(97)) = 0.8469…
    const bound = Math.tanh(Math.atanh(0.9) - 2.3263478740408408 / Math.sqrt(97));
    expect(tellingOfLine(0.9, 100).least).toBeCloseTo(1 - Math.sqrt(1 - bound ** 2), 12);
    expect(tellingOfLine(1, 3).least).toBe(0);
  });
});
