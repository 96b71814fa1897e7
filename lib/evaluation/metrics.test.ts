import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { metricsOf } from '../model/metric-names.ts';
import { bootstrapIntervals, percentile } from './bootstrap.ts';
import {
  classFigures,
  classificationFigures,
  confusionMatrix,
  namedClassFigures,
} from './classification-metrics.ts';
import { rocPoints } from './curve-metrics.ts';
import { mcnemarExact } from './mcnemar.ts';
import { figuresOf, intervalsOf, measureOf, rankedByClass } from './measure.ts';
import { countedMean } from './probability-metrics.ts';
import { regressionFigures } from './regression-metrics.ts';
import { pickRows, type Sample } from './sample.ts';

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
        scoreFigures: figures,
        roc: z.tuple([numbers, numbers]),
        perClass: z.array(figures),
      }),
    ),
    ranking: z.array(z.object({ truth: numbers, scores: z.array(numbers), figures })),
    regression: z.array(z.object({ truth: numbers, predicted: numbers, figures })),
    mcnemar: z.array(z.object({ onlyFirst: z.int(), onlySecond: z.int(), p: z.number() })),
  })
  .parse(JSON.parse(readFileSync(new URL('fixtures/figures.json', import.meta.url), 'utf8')));

const names = (classes: number) => Array.from({ length: classes }, (_, place) => `c${place}`);

function classified({ classes, truth, predicted, scores }: (typeof known)['classification'][number]) {
  return {
    kind: 'classification' as const,
    classes: names(classes),
    isRanking: false,
    truth,
    predicted,
    scores,
  };
}

function ranked({ truth, scores }: (typeof known)['ranking'][number]): Sample {
  const predicted = scores.map((line) => line.indexOf(Math.max(...line)));
  const classes = names(scores[0]?.length ?? 0);
  return { kind: 'classification', classes, isRanking: true, truth, predicted, scores };
}

/** Equal to nine digits after the point, which is stricter than 1e-9. */
function expectClose(found: Record<string, number>, expected: Record<string, number>): void {
  for (const [name, value] of Object.entries(expected)) {
    expect(Math.abs((found[name] ?? Number.NaN) - value), name).toBeLessThan(1e-9);
  }
}

describe('figuresOf', () => {
  it.each(known.classification)('equals scikit-learn for $classes classes', (sample) => {
    const confusion = confusionMatrix(sample.truth, sample.predicted, sample.classes);
    expect(confusion).toEqual(sample.confusion);
    const found = figuresOf(classified(sample));
    const expected = { ...sample.figures, ...sample.scoreFigures };
    expectClose(found, expected);
    expect(Object.keys(expected).sort()).toEqual(metricsOf('classification').sort());
    for (const [position, each] of classFigures(confusion).entries()) {
      expectClose({ ...each }, sample.perClass[position] ?? {});
    }
  });

  it.each(known.ranking)('equals scikit-learn for rankings', (sample) => {
    const found = figuresOf(ranked(sample));
    expectClose(found, sample.figures);
    for (const name of metricsOf('ranking')) expect(found).toHaveProperty([name]);
  });

  it.each(known.regression)(
    'equals scikit-learn for regressions',
    ({ truth, predicted, figures: expected }) => {
      const found = figuresOf({ kind: 'regression', truth, predicted });
      expectClose(found, expected);
      expect(Object.keys(found).sort()).toEqual(metricsOf('regression').sort());
    },
  );

  it('has no figure that needs scores without scores', () => {
    const [sample] = known.classification;
    if (!sample) throw new Error('no sample');
    expect(figuresOf({ ...classified(sample), scores: undefined })).not.toHaveProperty('roc_auc');
    expect(measureOf({ ...classified(sample), scores: undefined }, 'log_loss')).toBeUndefined();
  });

  it('has no number to give without rows, of a class that does not occur, or of R² for a single row', () => {
    expect(classificationFigures(confusionMatrix([], [], 2)).accuracy).toBeNaN();
    expect(
      namedClassFigures(
        [
          [3, 0],
          [0, 0],
        ],
        ['a', 'b'],
      ),
    ).toMatchObject({ 'recall:a': 1, 'recall:b': Number.NaN });
    expect(regressionFigures([1], [2]).r2).toBeNaN();
    const oneClass: Sample = {
      kind: 'classification',
      classes: ['a', 'b'],
      isRanking: false,
      truth: [1, 1],
      predicted: [1, 0],
      scores: [
        [0.2, 0.8],
        [0.6, 0.4],
      ],
    };
    expect(figuresOf(oneClass).roc_auc).toBeNaN();
  });
});

describe('rocPoints', () => {
  it.each(known.classification)('equals scikit-learn for $classes classes', (sample) => {
    const [, ofSecond] = rankedByClass(classified(sample));
    const points = ofSecond ? rocPoints(ofSecond) : [];
    expect(points.map(([rate]) => rate)).toEqual(sample.roc[0].map((rate) => expect.closeTo(rate, 9)));
    expect(points.map(([, rate]) => rate)).toEqual(sample.roc[1].map((rate) => expect.closeTo(rate, 9)));
  });
});

describe('measureOf', () => {
  const samples: [string, Sample][] = [
    ...known.classification.map((sample): [string, Sample] => ['classification', classified(sample)]),
    ...known.ranking.map((sample): [string, Sample] => ['ranking', ranked(sample)]),
    ...known.regression.map(({ truth, predicted }): [string, Sample] => [
      'regression',
      { kind: 'regression', truth, predicted },
    ]),
  ];

  it.each(samples)('counts rows as if they were there so often: %s', (_, sample) => {
    const counts = sample.truth.map((_each, row) => (row * 7) % 4);
    const repeated = pickRows(
      sample,
      counts.flatMap((count, row) => new Array<number>(count).fill(row)),
    );
    for (const [name, value] of Object.entries(figuresOf(repeated))) {
      const found = measureOf(sample, name)?.figure(counts) ?? Number.NaN;
      if (Number.isNaN(value)) expect(found, name).toBeNaN();
      else expect(found, name).toBeCloseTo(value, 9);
    }
  });

  it('gives every figure an interval that holds it, mostly', () => {
    const [sample] = known.classification;
    if (!sample) throw new Error('no sample');
    const found = figuresOf(classified(sample));
    const intervals = intervalsOf(classified(sample), 1);
    for (const name of metricsOf('classification')) {
      const { low, high } = intervals[name] ?? { low: Number.NaN, high: Number.NaN };
      expect(high - low, name).toBeGreaterThan(0);
      // The calibration error of a resample is biased upwards.
      if (name !== 'calibration_error') expect(found[name], name).toBeGreaterThan(low);
      expect(found[name], name).toBeLessThan(high);
    }
  });
});

describe('mcnemarExact', () => {
  it.each(known.mcnemar)('equals SciPy for $onlyFirst and $onlySecond', ({ onlyFirst, onlySecond, p }) => {
    expect(mcnemarExact(onlyFirst, onlySecond)).toBeCloseTo(p, 9);
  });
});

describe('bootstrapIntervals', () => {
  const mean = (values: readonly number[]) => (counts: Int32Array) => ({ mean: countedMean(values, counts) });

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
