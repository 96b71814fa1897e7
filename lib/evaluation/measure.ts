import { rankingMetrics, regressionMetrics, scoreMetrics } from '../model/metric-names.ts';
import { bootstrapIntervals, type Interval } from './bootstrap.ts';
import {
  type Counts,
  classificationFigures,
  confusionMatrix,
  namedClassFigures,
} from './classification-metrics.ts';
import { curveFigures, rankRows } from './curve-metrics.ts';
import {
  brierScores,
  calibrationError,
  confidencesOf,
  countedMean,
  logLosses,
} from './probability-metrics.ts';
import { rankCategories, rankingFigures } from './ranking-metrics.ts';
import { regressionFigures } from './regression-metrics.ts';
import type { Sample } from './sample.ts';

type Scored = Extract<Sample, { kind: 'classification' }> & { scores: readonly (readonly number[])[] };

/** Figures of one kind: what can be computed once is, so that each resample costs one pass over the rows. */
interface Family {
  has(metric: string): boolean;
  stepsPerRow: number;
  prepare(): (counts?: Counts) => Record<string, number>;
}

function labelFamily({ truth, predicted, classes }: Extract<Sample, { kind: 'classification' }>): Family {
  return {
    has: (metric) => !scoreMetrics.includes(metric) && !rankingMetrics.includes(metric),
    stepsPerRow: 1,
    prepare: () => (counts) => {
      const confusion = confusionMatrix(truth, predicted, classes.length, counts);
      return { ...classificationFigures(confusion), ...namedClassFigures(confusion, classes) };
    },
  };
}

function lossFamily({ truth, scores }: Scored): Family {
  return {
    has: (metric) => ['log_loss', 'brier_score', 'calibration_error'].includes(metric),
    stepsPerRow: 1,
    prepare: () => {
      const losses = logLosses(truth, scores);
      const briers = brierScores(truth, scores);
      const confidences = confidencesOf(truth, scores);
      return (counts) => ({
        log_loss: countedMean(losses, counts),
        brier_score: countedMean(briers, counts),
        calibration_error: calibrationError(confidences, counts),
      });
    },
  };
}

/** Each class against the rest, for the ROC and precision-recall curves. */
export function rankedByClass({ truth, scores, classes }: Scored) {
  return classes.map((_, position) =>
    rankRows(
      (row) => truth[row] === position,
      Float64Array.from(scores, (line) => line[position] ?? Number.NaN),
    ),
  );
}

function curveFamily(sample: Scored): Family {
  return {
    has: (metric) => ['roc_auc', 'pr_auc'].includes(metric),
    stepsPerRow: sample.classes.length,
    prepare: () => {
      const ranked = rankedByClass(sample);
      return (counts) => curveFigures(ranked, counts);
    },
  };
}

function rankingFamily({ truth, scores, classes }: Scored): Family {
  return {
    has: (metric) => rankingMetrics.includes(metric),
    stepsPerRow: 20,
    prepare: () => {
      const rankings = rankCategories(truth, scores, classes.length);
      return (counts) => rankingFigures(rankings, counts);
    },
  };
}

function familiesOf(sample: Sample): Family[] {
  if (sample.kind === 'regression') {
    const { truth, predicted } = sample;
    const prepare = () => (counts?: Counts) => regressionFigures(truth, predicted, counts);
    return [{ has: (metric) => regressionMetrics.includes(metric), stepsPerRow: 3, prepare }];
  }
  const { scores } = sample;
  if (!scores) return [labelFamily(sample)];
  const scored = { ...sample, scores };
  const ranking = sample.isRanking ? [rankingFamily(scored)] : [];
  return [labelFamily(sample), lossFamily(scored), curveFamily(scored), ...ranking];
}

/** Every figure of a sample, those of single classes under their names; without scores none that need them. */
export function figuresOf(sample: Sample): Record<string, number> {
  return Object.assign({}, ...familiesOf(sample).map((family) => family.prepare()()));
}

/** 95 % intervals of every figure, by bootstrap. */
export function intervalsOf(sample: Sample, seed: number): Record<string, Interval> {
  const rows = sample.truth.length;
  return Object.assign(
    {},
    ...familiesOf(sample).map(({ prepare, stepsPerRow }) =>
      bootstrapIntervals(rows, seed, prepare(), stepsPerRow),
    ),
  );
}

/** One figure of a sample for any draw of its rows, with how much work a row is; undefined when it cannot be measured. */
export function measureOf(
  sample: Sample,
  metric: string,
): { figure: (counts?: Counts) => number; stepsPerRow: number } | undefined {
  const family = familiesOf(sample).find(({ has }) => has(metric));
  if (!family) return undefined;
  const figures = family.prepare();
  return { figure: (counts) => figures(counts)[metric] ?? Number.NaN, stepsPerRow: family.stepsPerRow };
}
