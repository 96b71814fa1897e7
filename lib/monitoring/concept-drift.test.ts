import { describe, expect, it } from 'vitest';
import { seededRandom } from '../shared/random.ts';
import { answerReference } from './answer-reference.ts';
import { judgeConcept } from './concept-drift.ts';
import { defaults } from './fixtures/drift-odds.ts';
import { anEvaluation, aRegressionEvaluation } from './fixtures/evaluations.ts';
import { watchAnswers } from './output-drift.ts';
import type { LabelledAnswer } from './quality.ts';

const limits = { ...defaults, leastSample: 50 };

const answers = (predicted: string, actual: string, count: number): LabelledAnswer[] =>
  Array.from({ length: count }, () => ({ version: 3, predicted, actual }));

/** 300 held-out rows, of which 288 were answered rightly. */
const reference = answerReference(anEvaluation());

describe('judgeConcept', () => {
  it('finds answers that are wrong more often than in the evaluation', () => {
    const live = [...answers('setosa', 'setosa', 60), ...answers('setosa', 'virginica', 40)];
    const found = judgeConcept(reference, live, limits);
    expect(found).toMatchObject({ verdict: 'drifted', sample: 100 });
    expect(found.reason).toContain('error rate, truth behind setosa changed');
    expect(found.watched[0]?.reason).toContain('of wrong answers 0.360');
  });

  it('does not call fewer errors a drift', () => {
    const poor = answerReference(
      anEvaluation({
        confusion: [
          [60, 40],
          [40, 60],
        ],
      }),
    );
    const classes = ['setosa', 'versicolor'];
    if (poor?.kind !== 'classification') throw new Error('no classification');
    const live = [...answers('setosa', 'setosa', 100), ...answers('versicolor', 'versicolor', 100)];
    const found = judgeConcept({ ...poor, classes }, live, limits);
    expect(found.watched[0]).toMatchObject({ name: 'error rate', verdict: 'stable' });
    expect(found.watched[0]?.reason).toContain('better than in the evaluation');
    // The truth behind each answer did change: for the better, which the error rate says.
    expect(found.verdict).toBe('stable');
  });

  it('finds errors as they were stable, and too few labels not enough', () => {
    const live = [...answers('setosa', 'setosa', 49), ...answers('virginica', 'virginica', 47)];
    expect(
      judgeConcept(reference, [...live, ...answers('virginica', 'versicolor', 4)], limits),
    ).toMatchObject({
      verdict: 'stable',
    });
    expect(judgeConcept(reference, live.slice(0, 49), limits)).toMatchObject({
      verdict: 'not enough data',
      reason: '49 labels; 50 are needed',
    });
  });

  const random = seededRandom(7);
  const truth = Array.from({ length: 400 }, () => random() * 100);
  const noisy = (value: number, spread: number) => value + (random() - 0.5) * spread;
  const evaluation = aRegressionEvaluation(
    truth,
    truth.map((value) => noisy(value, 10)),
  );
  const measured = (spread: number) =>
    truth.map((actual) => ({ version: 3, predicted: noisy(actual, spread), actual }));

  it('finds greater errors of a regression, and not smaller ones', () => {
    const ofNumbers = answerReference(evaluation);
    expect(judgeConcept(ofNumbers, measured(10), limits).verdict).toBe('stable');
    expect(judgeConcept(ofNumbers, measured(30), limits)).toMatchObject({ verdict: 'drifted' });
    expect(judgeConcept(ofNumbers, measured(3), limits)).toMatchObject({ verdict: 'stable' });
  });

  it('has nothing to compare with when the evaluation kept no answers', () => {
    const none = answerReference(aRegressionEvaluation(null, null));
    expect(none).toBeNull();
    expect(judgeConcept(none, measured(10), limits).reason).toContain('kept no answers');
  });
});

describe('watchAnswers', () => {
  it('watches labels and scores of a classifier', () => {
    const calibration = Array.from({ length: 10 }, (_, place) => ({
      rows: place * 10,
      confidence: place / 10,
      accuracy: place / 10,
    }));
    const scored = answerReference(anEvaluation({ curves: { roc: [], calibration } }));
    if (!scored) throw new Error('no reference');
    const live = {
      rows: 30,
      labels: { setosa: 20, virginica: 10 },
      values: [],
      confidences: calibration.map((_, place) => ({ rows: place === 9 ? 30 : 0, score: 0 })),
      expected: {},
      ranks: [],
      variance: 0,
    };
    const [label, score] = watchAnswers(scored, live);
    expect(label?.comparison.values).toEqual([
      { label: 'setosa', frozen: 100, live: 20 },
      { label: 'versicolor', frozen: 100, live: 0 },
      { label: 'virginica', frozen: 100, live: 10 },
    ]);
    expect(score?.comparison.values.at(-1)).toEqual({ label: '> 0.9', frozen: 90, live: 30 });
    expect(score?.comparison.values).toHaveLength(10);
  });

  it('watches the values of a regression in its own tenths', () => {
    const values = Array.from({ length: 100 }, (_, place) => place);
    const numbers = answerReference(aRegressionEvaluation(values, values));
    if (numbers?.kind !== 'regression') throw new Error('no regression');
    expect(numbers.values.counts).toEqual(new Array(10).fill(10));
  });
});
