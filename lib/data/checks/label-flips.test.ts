import { describe, expect, it } from 'vitest';
import { measureFlipRates, type SampleName, sampleNames } from './fixtures/label-flip-rates.ts';
import { findLabelFlips, haveFlipsGrown } from './label-flips.ts';

const repeats = 20;

describe('findLabelFlips', () => {
  it.each(sampleNames)('refuses no clean half of %s', (name) => {
    const { estimate, refused, warned } = measureFlipRates(name, 0, repeats);
    expect(refused).toBe(0);
    expect(warned).toBe(0);
    expect(estimate).toBeLessThan(0.03);
  });

  it.each<[SampleName, number, number]>([
    ['iris', 0.2, 0.75],
    ['wine', 0.2, 0.75],
    ['breast cancer', 0.1, 0.8],
    ['digits', 0.1, 0.8],
    ['breast cancer', 0.2, 1],
    ['digits', 0.2, 1],
  ])('refuses most halves of %s with %d of the labels flipped', (name, flipped, atLeast) => {
    const { estimate, refused } = measureFlipRates(name, flipped, repeats);
    expect(refused).toBeGreaterThanOrEqual(atLeast);
    expect(Math.abs(estimate - flipped)).toBeLessThan(0.06);
  });

  it('judges nothing where there are too few neighbours', () => {
    const few = {
      numbers: Float64Array.from([1, 2, 3]),
      codes: new Int32Array(0),
      labels: Int32Array.from([0, 0, 1]),
    };
    expect(findLabelFlips(few)).toEqual({ sampled: 3, judged: 0, disagreeing: 0 });
    const none = { numbers: new Float64Array(0), codes: new Int32Array(0), labels: new Int32Array(0) };
    expect(findLabelFlips(none)).toEqual({ sampled: 0, judged: 0, disagreeing: 0 });
  });

  it('finds the one label that contradicts its category', () => {
    const labels = Int32Array.from({ length: 40 }, (_, row) => Number(row >= 20));
    const codes = Int32Array.from(labels);
    labels[3] = 1;
    expect(findLabelFlips({ numbers: new Float64Array(0), codes, labels })).toEqual({
      sampled: 40,
      judged: 40,
      disagreeing: 1,
    });
  });
});

describe('haveFlipsGrown', () => {
  const of = (disagreeing: number, judged: number) => ({ sampled: judged, judged, disagreeing });
  it.each([
    ['a certain increase over the limit', of(100, 1000), of(10, 1000), true],
    ['an increase within the limit', of(50, 1000), of(10, 1000), false],
    ['an increase that chance makes of so few rows', of(3, 30), of(0, 30), false],
    ['labels that follow nothing any more', { sampled: 500, judged: 10, disagreeing: 2 }, of(5, 500), true],
    ['fewer rows that are clear', { sampled: 500, judged: 300, disagreeing: 3 }, of(5, 500), false],
    ['classes that overlapped before', of(90, 100), { sampled: 500, judged: 100, disagreeing: 10 }, false],
    ['a decrease', of(10, 1000), of(100, 1000), false],
    ['nothing to compare with', of(10, 100), of(0, 0), false],
  ])('tells %s', (_, now, then, expected) => {
    expect(haveFlipsGrown(now, then, 0.05)).toBe(expected);
  });
});
