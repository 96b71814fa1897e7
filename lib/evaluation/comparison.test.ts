import { describe, expect, it } from 'vitest';
import { seededRandom } from '../shared/random.ts';
import { compareVersions, looksWorse } from './comparison.ts';
import { aSample } from './fixtures/builders.ts';
import type { Sample } from './sample.ts';

const rule = { metric: 'accuracy', margin: 0.02 };
const compare = (candidate: Sample, champion: Sample, margin = 0.02) =>
  compareVersions(candidate, champion, { ...rule, margin }, { seed: 1 });

describe('compareVersions', () => {
  it('calls a gain that chance does not explain better', () => {
    const compared = compare(aSample(95, 5), aSample(80, 20));
    expect(compared).toMatchObject({ verdict: 'better', test: 'mcnemar-exact', rows: 100, leftOut: 0 });
    expect(compared.gain).toBeCloseTo(0.15);
    expect(compared.pValue).toBeLessThan(0.001);
    expect(compared.interval?.low).toBeGreaterThan(0);
  });

  it('calls worse what chance does not explain and the margin does not allow', () => {
    expect(compare(aSample(80, 20), aSample(95, 5)).verdict).toBe('worse');
    expect(compare(aSample(80, 20), aSample(95, 5), 0.3).verdict).toBe('not-worse');
  });

  it('calls not worse what lies within the margin with its whole interval', () => {
    expect(compare(aSample(100, 0), aSample(100, 0)).verdict).toBe('not-worse');
    expect(compare(aSample(995, 5), aSample(1000, 0)).verdict).toBe('not-worse');
  });

  it('says when the rows are too few to tell', () => {
    expect(compare(aSample(5, 0), aSample(5, 0)).verdict).toBe('not-enough-data');
    expect(compare(aSample(98, 2), aSample(100, 0)).verdict).toBe('not-enough-data');
    expect(compare(aSample(29, 1), aSample(28, 2)).verdict).toBe('not-worse');
    expect(compare(aSample(0, 0), aSample(0, 0))).toMatchObject({ verdict: 'not-enough-data', gain: null });
  });

  it('takes less of an error for a gain', () => {
    const truth = Array.from({ length: 30 }, (_, i) => i);
    const off = (by: number): Sample => ({
      kind: 'regression',
      truth,
      predicted: truth.map((y, i) => y + by + (i % 2) / 10),
    });
    const rmse = { metric: 'rmse', margin: 0.1 };
    const compared = compareVersions(off(1), off(3), rmse, { seed: 1 });
    expect(compared).toMatchObject({ verdict: 'better', test: 'paired-bootstrap' });
    expect(compared.gain).toBeCloseTo(2, 1);
    expect(compareVersions(off(3), off(1), rmse, { seed: 1 }).verdict).toBe('worse');
  });

  it('does not compare what was not measured', () => {
    const missing = { metric: 'log_loss', margin: 0 };
    expect(compareVersions(aSample(5, 5), aSample(5, 5), missing, { seed: 1 }).verdict).toBe('not-measured');
  });
});

describe('looksWorse', () => {
  it('holds a loss against the margin with one standard error in its favour', () => {
    // One row more of 30 is within a standard error of the margin, two rows more are not.
    expect(looksWorse(compare(aSample(29, 1), aSample(30, 0)))).toBe(false);
    expect(looksWorse(compare(aSample(28, 2), aSample(30, 0)))).toBe(true);
    expect(looksWorse(compare(aSample(0, 0), aSample(0, 0)))).toBe(false);
  });
});

/*
 * 1,000 pairs of equals: both answer as one model does, with noise of their own, and which of two answers is whose is
 * thrown for each row.
 */
describe('the rate of false verdicts on 1,000 shuffled copies of one model', () => {
  const copies = 1000;
  const rows = 60;
  /** Each side of the two-sided test errs in half of 5 %; four standard errors of 1,000 draws on top. */
  const most = copies * 0.025 + 4 * Math.sqrt(copies * 0.025 * 0.975);

  function rates(pair: (random: () => number) => [Sample, Sample], metric: string) {
    const found = { better: 0, worse: 0 };
    for (let copy = 0; copy < copies; copy++) {
      const [one, other] = pair(seededRandom(1000 + copy));
      const { verdict } = compareVersions(one, other, { metric, margin: 0 }, { seed: copy, resamples: 200 });
      if (verdict === 'better' || verdict === 'worse') found[verdict]++;
    }
    return found;
  }

  const rowsOf = <Value>(value: () => Value) => Array.from({ length: rows }, value);

  it('stays at its level for accuracy', () => {
    const found = rates((random) => {
      const [first, second] = [
        rowsOf(() => (random() < 0.8 ? 0 : 1)),
        rowsOf(() => (random() < 0.8 ? 0 : 1)),
      ];
      const isSwapped = rowsOf(() => random() < 0.5);
      const side = (swap: boolean): Sample => ({
        kind: 'classification',
        classes: ['a', 'b'],
        isRanking: false,
        truth: rowsOf(() => 0),
        predicted: first.map((answer, row) => (isSwapped[row] === swap ? (second[row] ?? 0) : answer)),
        scores: undefined,
      });
      return [side(true), side(false)];
    }, 'accuracy');
    expect(found.better).toBeLessThan(most);
    expect(found.worse).toBeLessThan(most);
    expect(found.better + found.worse).toBeGreaterThan(0);
  });

  it('stays at its level for the error of a regression', () => {
    const normal = (random: () => number) =>
      Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
    const found = rates((random) => {
      const [first, second] = [rowsOf(() => normal(random)), rowsOf(() => normal(random))];
      const isSwapped = rowsOf(() => random() < 0.5);
      const side = (swap: boolean): Sample => ({
        kind: 'regression',
        truth: rowsOf(() => 0),
        predicted: first.map((answer, row) => (isSwapped[row] === swap ? (second[row] ?? 0) : answer)),
      });
      return [side(true), side(false)];
    }, 'rmse');
    expect(found.better).toBeLessThan(most);
    expect(found.worse).toBeLessThan(most);
    expect(found.better + found.worse).toBeGreaterThan(0);
  });
});
