import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { bootstrapIntervals, percentile } from './bootstrap.ts';
import { mcnemarExact } from './mcnemar.ts';
import {
  classFigures,
  classificationFigures,
  confusionMatrix,
  logLoss,
  regressionFigures,
} from './metrics.ts';

const numbers = z.array(z.number());
const figures = z.record(z.string(), z.number());
const known = z
  .object({
    classification: z.array(
      z.object({
        classes: z.int(),
        truth: numbers,
        predicted: numbers,
        scores: z.array(numbers),
        confusion: z.array(numbers),
        figures,
        log_loss: z.number(),
        perClass: z.array(figures),
      }),
    ),
    regression: z.array(z.object({ truth: numbers, predicted: numbers, figures })),
    mcnemar: z.array(z.object({ onlyFirst: z.int(), onlySecond: z.int(), p: z.number() })),
  })
  .parse(JSON.parse(readFileSync(new URL('fixtures/figures.json', import.meta.url), 'utf8')));

function expectClose(found: Record<string, number>, expected: Record<string, number>): void {
  expect(Object.keys(found).sort()).toEqual(Object.keys(expected).sort());
  for (const [name, value] of Object.entries(expected)) expect(found[name], name).toBeCloseTo(value, 9);
}

describe('classificationFigures', () => {
  it.each(known.classification)('equals scikit-learn for $classes classes', (sample) => {
    const confusion = confusionMatrix(sample.truth, sample.predicted, sample.classes);
    expect(confusion).toEqual(sample.confusion);
    expectClose(classificationFigures(confusion), sample.figures);
    expect(logLoss(sample.truth, sample.scores)).toBeCloseTo(sample.log_loss, 9);
    for (const [position, each] of classFigures(confusion).entries()) {
      expectClose({ ...each }, sample.perClass[position] ?? {});
    }
  });

  it('has no number to give without rows', () => {
    expect(classificationFigures(confusionMatrix([], [], 2)).accuracy).toBeNaN();
  });
});

describe('regressionFigures', () => {
  it.each(known.regression)('equals scikit-learn', (sample) => {
    expectClose(regressionFigures(sample.truth, sample.predicted), sample.figures);
  });

  it('has no R² for a single row', () => {
    expect(regressionFigures([1], [2]).r2).toBeNaN();
  });
});

describe('mcnemarExact', () => {
  it.each(known.mcnemar)('equals SciPy for $onlyFirst and $onlySecond', ({ onlyFirst, onlySecond, p }) => {
    expect(mcnemarExact(onlyFirst, onlySecond)).toBeCloseTo(p, 9);
  });
});

describe('bootstrapIntervals', () => {
  const mean = (values: readonly number[]) => (positions: Int32Array) => ({
    mean: positions.reduce((total, position) => total + (values[position] ?? 0), 0) / positions.length,
  });

  it('covers what the normal approximation of a share covers', () => {
    const values = Array.from({ length: 400 }, (_, i) => (i % 5 === 0 ? 0 : 1));
    const { mean: interval } = bootstrapIntervals(400, 1, mean(values));
    // 0.8 ± 1.96 * sqrt(0.8 * 0.2 / 400)
    expect(interval?.low).toBeCloseTo(0.7608, 2);
    expect(interval?.high).toBeCloseTo(0.8392, 2);
  });

  it('gives the same for the same seed', () => {
    const values = [1, 5, 2, 8, 3];
    expect(bootstrapIntervals(5, 7, mean(values))).toEqual(bootstrapIntervals(5, 7, mean(values)));
    expect(bootstrapIntervals(0, 7, mean([]))).toEqual({});
  });

  it('takes percentiles as NumPy does', () => {
    expect(percentile([1, 2, 3, 4], 0.25)).toBe(1.75);
    expect(percentile([5], 0.975)).toBe(5);
  });
});
