import { bootstrapIntervals } from '../evaluation/bootstrap.ts';
import { classificationFigures, confusionMatrix } from '../evaluation/classification-metrics.ts';
import { countedMean } from '../evaluation/probability-metrics.ts';
import type { ModelDefinition } from '../model/definition.ts';
import { wilsonBounds } from '../statistics/wilson.ts';

/** A prediction together with what turned out to be true. */
export interface LabelledAnswer {
  version: number;
  predicted: string | number;
  actual: string | number;
}

export type QualityVerdict = 'ok' | 'low' | 'not enough data';

export interface QualityLimits {
  metric: 'accuracy' | 'rmse';
  /** Least accuracy or greatest rmse; without one quality is measured, not judged low. */
  limit: number | null;
  leastSample: number;
}

export interface VersionQuality {
  version: number;
  sample: number;
  verdict: QualityVerdict;
  reason: string;
  /** Null when there is not enough data. */
  value: number | null;
  /** 95 % interval of `value`. */
  interval: [number, number] | null;
  /** Macro F1 of a classifier with its 95 % interval. */
  f1: { value: number; interval: [number, number] } | null;
}

/** Standard normal quantile of 0.975. */
const z975 = 1.959963984540054;

/** 95 % score interval of a share. */
export function wilsonInterval(successes: number, trials: number): [number, number] {
  const { least, most } = wilsonBounds(successes, trials, z975);
  return [least, most];
}

const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

/**
 * 95 % percentile bootstrap interval of the root of the mean of squares.
 *
 * @param squares Squared errors, at least one.
 * @param seed The same seed gives the same interval.
 *
 * Source: Efron (1979), "Bootstrap methods: another look at the jackknife", Annals of Statistics 7(1).
 */
export function rmseInterval(squares: number[], seed = 1): [number, number] {
  const { rmse } = bootstrapIntervals(squares.length, seed, (counts) => ({
    rmse: Math.sqrt(countedMean(squares, counts)),
  }));
  return [rmse?.low ?? Number.NaN, rmse?.high ?? Number.NaN];
}

/** A category is right or wrong and a number is off by something, whatever the definition's default says. */
export function qualityLimitsOf({ target, monitor }: ModelDefinition): QualityLimits {
  const metric = target.type === 'category' ? 'accuracy' : 'rmse';
  return { metric, limit: monitor.quality.limit ?? null, leastSample: monitor.quality.leastSample };
}

/** Accuracy or rmse of at least one answer. */
export function measureQuality(
  answers: readonly LabelledAnswer[],
  metric: QualityLimits['metric'],
): { value: number; interval: [number, number] } {
  if (metric === 'accuracy') {
    const right = answers.filter(({ predicted, actual }) => predicted === actual).length;
    return { value: right / answers.length, interval: wilsonInterval(right, answers.length) };
  }
  const squares = answers.map(({ predicted, actual }) => (Number(predicted) - Number(actual)) ** 2);
  return { value: Math.sqrt(mean(squares)), interval: rmseInterval(squares) };
}

/**
 * Macro F1 over the classes that occur, with its 95 % interval by bootstrap.
 *
 * @param answers At least one; labels are texts.
 */
export function measureF1(
  answers: readonly LabelledAnswer[],
  seed = 1,
): { value: number; interval: [number, number] } {
  const classes = [...new Set(answers.flatMap(({ predicted, actual }) => [predicted, actual]))];
  const truth = answers.map(({ actual }) => classes.indexOf(actual));
  const predicted = answers.map((each) => classes.indexOf(each.predicted));
  const f1Of = (counts?: Int32Array) =>
    classificationFigures(confusionMatrix(truth, predicted, classes.length, counts)).f1_macro ?? Number.NaN;
  const { f1 } = bootstrapIntervals(answers.length, seed, (counts) => ({ f1: f1Of(counts) }), 4);
  return { value: f1Of(), interval: [f1?.low ?? Number.NaN, f1?.high ?? Number.NaN] };
}

const shown = (value: number) => String(Number(value.toPrecision(3)));

function judgeVersion(version: number, answers: LabelledAnswer[], limits: QualityLimits): VersionQuality {
  const sample = answers.length;
  if (sample < limits.leastSample) {
    const reason = `${sample} labelled predictions; ${limits.leastSample} are needed`;
    return { version, sample, verdict: 'not enough data', reason, value: null, interval: null, f1: null };
  }
  const { value, interval } = measureQuality(answers, limits.metric);
  const f1 = limits.metric === 'accuracy' ? measureF1(answers) : null;
  const found = `${limits.metric} ${shown(value)} (95 % between ${shown(interval[0])} and ${shown(interval[1])}) of ${sample} labelled predictions`;
  const { limit } = limits;
  if (limit === null)
    return { version, sample, verdict: 'ok', reason: `${found}; no limit is set`, value, interval, f1 };
  const isLow = limits.metric === 'accuracy' ? value < limit : value > limit;
  const reason = `${found}; the limit is ${shown(limit)}`;
  return { version, sample, verdict: isLow ? 'low' : 'ok', reason, value, interval, f1 };
}

/** How good the answers of each version were, by the labels that came for them; newest version first. */
export function judgeQuality(answers: LabelledAnswer[], limits: QualityLimits): VersionQuality[] {
  const byVersion = Map.groupBy(answers, (answer) => answer.version);
  return [...byVersion]
    .sort(([a], [b]) => b - a)
    .map(([version, ofVersion]) => judgeVersion(version, ofVersion, limits));
}
