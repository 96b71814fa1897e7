import type { Row } from '../data/dataset.ts';
import type { Prediction } from '../inference/prediction-record.ts';
import type { Target } from '../model/features.ts';
import { EvergreenError } from '../shared/errors.ts';
import { classificationFigures, confusionMatrix, logLoss, regressionFigures } from './metrics.ts';

/** Held-out rows with the answers of one version, as numbers. */
export type Sample =
  | {
      kind: 'classification';
      classes: readonly string[];
      /** Positions among the classes. */
      truth: number[];
      predicted: number[];
      /** One score for each class, when the version gives scores. */
      scores: number[][] | undefined;
    }
  | { kind: 'regression'; truth: number[]; predicted: number[] };

function truthOf(row: Row, target: Target, index: number): number {
  const value = row[target.name];
  if (target.type === 'number' && typeof value === 'number') return value;
  const position =
    target.type === 'category' && typeof value === 'string' ? target.categories.indexOf(value) : -1;
  if (position >= 0) return position;
  throw new EvergreenError('artifact-damaged', `held-out row ${index} has no valid ${target.name}`);
}

/**
 * Puts true and predicted answers side by side.
 *
 * @throws EvergreenError `artifact-damaged` for a row without a valid target.
 */
export function toSample(rows: readonly Row[], predictions: readonly Prediction[], target: Target): Sample {
  const truth = rows.map((row, index) => truthOf(row, target, index));
  if (target.type === 'number') {
    const predicted = predictions.map((each) => ('value' in each ? each.value : Number.NaN));
    return { kind: 'regression', truth, predicted };
  }
  const classes = target.categories;
  const labelled = predictions.map((each) => ('label' in each ? each : { label: '' }));
  const scores = labelled.map((each) => classes.map((name) => each.scores?.[name] ?? Number.NaN));
  return {
    kind: 'classification',
    classes,
    truth,
    predicted: labelled.map(({ label }) => classes.indexOf(label)),
    scores: labelled.every((each) => each.scores !== undefined) ? scores : undefined,
  };
}

function take<Value>(values: readonly Value[], positions: Int32Array | undefined): readonly Value[] {
  if (!positions) return values;
  const taken: Value[] = [];
  for (const position of positions) {
    const value = values[position];
    if (value !== undefined) taken.push(value);
  }
  return taken;
}

/** The figures of a sample, or of some of its rows. */
export function figuresOf(sample: Sample, positions?: Int32Array): Record<string, number> {
  const truth = take(sample.truth, positions);
  const predicted = take(sample.predicted, positions);
  if (sample.kind === 'regression') return regressionFigures(truth, predicted);
  const figures = classificationFigures(confusionMatrix(truth, predicted, sample.classes.length));
  if (!sample.scores) return figures;
  return { ...figures, log_loss: logLoss(truth, take(sample.scores, positions)) };
}
