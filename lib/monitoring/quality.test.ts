import { describe, expect, it } from 'vitest';
import { defineModel } from '../model/definition.ts';
import reference from '../statistics/fixtures/statistics.json' with { type: 'json' };
import {
  judgeQuality,
  type LabelledAnswer,
  measureF1,
  type QualityLimits,
  qualityLimitsOf,
  rmseInterval,
  wilsonInterval,
} from './quality.ts';

const accuracy: QualityLimits = { metric: 'accuracy', limit: 0.85, leastSample: 20 };

function answers(right: number, wrong: number, version = 1): LabelledAnswer[] {
  return [
    ...Array.from({ length: right }, () => ({ version, predicted: 'a', actual: 'a' })),
    ...Array.from({ length: wrong }, () => ({ version, predicted: 'a', actual: 'b' })),
  ];
}

describe('wilsonInterval', () => {
  it.each(reference.wilson)(
    'agrees with SciPy on $successes of $trials',
    ({ successes, trials, interval }) => {
      const [low, high] = wilsonInterval(successes, trials);
      expect(low).toBeCloseTo(interval[0] ?? Number.NaN, 10);
      expect(high).toBeCloseTo(interval[1] ?? Number.NaN, 10);
    },
  );
});

describe('measureF1', () => {
  it('is the mean over the classes that occur, within its interval', () => {
    // Of a: 8 hits, 8 + 4 answered, 8 truly; of b: 0 hits. (16 / 20 + 0) / 2.
    const { value, interval } = measureF1(answers(8, 4));
    expect(value).toBeCloseTo(0.4, 12);
    expect(interval[0]).toBeLessThan(0.4);
    expect(interval[1]).toBeGreaterThanOrEqual(0.4);
  });

  it('is 1 when all is right', () => {
    expect(measureF1(answers(30, 0))).toEqual({ value: 1, interval: [1, 1] });
  });
});

describe('rmseInterval', () => {
  const squares = reference.rmse.errors.map((error) => error ** 2);

  it('agrees with the bootstrap of SciPy', () => {
    const [low, high] = rmseInterval(squares);
    expect(low).toBeCloseTo(reference.rmse.interval[0] ?? Number.NaN, 1);
    expect(high).toBeCloseTo(reference.rmse.interval[1] ?? Number.NaN, 1);
  });

  it('is the same for the same seed', () => {
    expect(rmseInterval(squares, 5)).toEqual(rmseInterval(squares, 5));
    expect(rmseInterval(squares, 5)).not.toEqual(rmseInterval(squares, 6));
  });
});

describe('judgeQuality', () => {
  it('finds an accuracy below the limit low', () => {
    const [version] = judgeQuality(answers(16, 4), accuracy);
    expect(version).toMatchObject({ version: 1, sample: 20, verdict: 'low', value: 0.8 });
  });

  it('finds the limit itself good enough', () => {
    expect(judgeQuality(answers(17, 3), accuracy)[0]).toMatchObject({ verdict: 'ok', value: 0.85 });
  });

  it('says that there is not enough data, and no value', () => {
    expect(judgeQuality(answers(0, 19), accuracy)[0]).toMatchObject({
      verdict: 'not enough data',
      value: null,
      interval: null,
    });
  });

  it('judges each version by its own answers, newest first', () => {
    const found = judgeQuality([...answers(20, 0, 1), ...answers(10, 10, 2)], accuracy);
    expect(found.map(({ version, verdict }) => [version, verdict])).toEqual([
      [2, 'low'],
      [1, 'ok'],
    ]);
  });

  it('measures without a limit, and finds nothing low', () => {
    expect(judgeQuality(answers(0, 30), { ...accuracy, limit: null })[0]).toMatchObject({
      verdict: 'ok',
      value: 0,
    });
  });

  it('finds an rmse above the limit low', () => {
    const off = reference.rmse.errors.map((error) => ({ version: 4, predicted: error, actual: 0 }));
    const limits: QualityLimits = { metric: 'rmse', limit: 1.5, leastSample: 20 };
    const [version] = judgeQuality(off, limits);
    expect(version?.value).toBeCloseTo(reference.rmse.value, 5);
    expect(version?.verdict).toBe('low');
    expect(judgeQuality(off, { ...limits, limit: 3 })[0]?.verdict).toBe('ok');
  });

  it('has nothing to say without labels', () => {
    expect(judgeQuality([], accuracy)).toEqual([]);
  });
});

describe('qualityLimitsOf', () => {
  it('measures a number by rmse whatever the default metric is', () => {
    const definition = defineModel({
      name: 'price',
      task: 'regression',
      features: { size: { type: 'number' } },
      target: { name: 'price', type: 'number' },
      train: {},
    });
    expect(qualityLimitsOf(definition)).toEqual({ metric: 'rmse', limit: null, leastSample: 50 });
  });
});
