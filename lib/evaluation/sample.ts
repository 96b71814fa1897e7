import type { Row } from '../data/dataset.ts';
import type { Prediction } from '../inference/prediction-record.ts';
import type { ModelDefinition } from '../model/definition.ts';
import type { Target } from '../model/features.ts';
import { EvergreenError } from '../shared/errors.ts';

/** Held-out rows with the answers of one version, as numbers. */
export type Sample =
  | {
      kind: 'classification';
      classes: readonly string[];
      /** Whether the scores order the classes for each row. */
      isRanking: boolean;
      /** Positions among the classes. */
      truth: readonly number[];
      predicted: readonly number[];
      /** One score for each class, when the version gives scores. */
      scores: readonly (readonly number[])[] | undefined;
    }
  | { kind: 'regression'; truth: readonly number[]; predicted: readonly number[] };

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
export function toSample(
  rows: readonly Row[],
  predictions: readonly Prediction[],
  { target, task }: Pick<ModelDefinition, 'target' | 'task'>,
): Sample {
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
    isRanking: task === 'ranking',
    truth,
    predicted: labelled.map(({ label }) => classes.indexOf(label)),
    scores: labelled.every((each) => each.scores !== undefined) ? scores : undefined,
  };
}

/** Some rows of a sample. */
export function pickRows(sample: Sample, positions: readonly number[]): Sample {
  const pick = <Value>(values: readonly Value[]): Value[] =>
    positions.flatMap((position) => {
      const value = values[position];
      return value === undefined ? [] : [value];
    });
  const answers = { truth: pick(sample.truth), predicted: pick(sample.predicted) };
  if (sample.kind === 'regression') return { kind: 'regression', ...answers };
  return { ...sample, ...answers, scores: sample.scores && pick(sample.scores) };
}
