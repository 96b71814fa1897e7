import { classMetric } from '../model/metric-names.ts';
import { classFigures, confusionMatrix } from './classification-metrics.ts';
import { rocPoints } from './curve-metrics.ts';
import type { VersionEvaluation } from './evaluation.ts';
import { measuredFigures } from './figures.ts';
import { intervalsOf, rankedByClass } from './measure.ts';
import { calibrationCurve, confidencesOf } from './probability-metrics.ts';
import type { Sample } from './sample.ts';

/** Answers that a document holds at most. */
export const mostAnswersKept = 10_000;

type Classified = Extract<Sample, { kind: 'classification' }>;

/** Curves of more classes would make the document large and the plot unreadable. */
const mostCurves = 10;

function curvesOf({ truth, scores, ...sample }: Classified): VersionEvaluation['curves'] {
  if (!scores) return null;
  const ranked = rankedByClass({ ...sample, truth, scores });
  const roc = sample.classes.flatMap((name, place) => {
    const ofClass = ranked[place];
    const isShown = sample.classes.length !== 2 || place === 1;
    return ofClass && isShown ? [{ class: name, points: rocPoints(ofClass) }] : [];
  });
  return { roc: roc.slice(0, mostCurves), calibration: calibrationCurve(confidencesOf(truth, scores)) };
}

function byClass(sample: Classified, confusion: number[][], seed: number): VersionEvaluation['perClass'] {
  const intervals = intervalsOf(sample, seed);
  const figures = classFigures(confusion);
  return Object.fromEntries(
    sample.classes.flatMap((name, place) => {
      const ofClass = figures[place];
      if (!ofClass) return [];
      const named = (['precision', 'recall', 'f1'] as const).flatMap((metric) => {
        const interval = intervals[classMetric(metric, name)];
        return interval ? [[metric, interval] as const] : [];
      });
      return [[name, { ...ofClass, intervals: Object.fromEntries(named) }] as const];
    }),
  );
}

/** All that is said of one version by its answers to the held-out rows. */
export function evaluateSample(
  { version, modelDigest }: Pick<VersionEvaluation, 'version' | 'modelDigest'>,
  sample: Sample,
  seed: number,
): VersionEvaluation {
  const facts = { version, modelDigest, ...measuredFigures(sample, seed) };
  const isKept = sample.truth.length <= mostAnswersKept;
  if (sample.kind === 'regression') {
    const answers = isKept ? [...sample.predicted] : null;
    return { ...facts, perClass: null, confusion: null, curves: null, answers };
  }
  const { classes, truth, predicted } = sample;
  const confusion = confusionMatrix(truth, predicted, classes.length);
  return {
    ...facts,
    perClass: byClass(sample, confusion, seed),
    confusion,
    curves: curvesOf(sample),
    answers: isKept ? predicted.map((place) => classes[place] ?? '') : null,
  };
}
