import { classMetric } from '../model/metric-names.ts';

/** How often each row counts; every row once when there are none. */
export type Counts = ArrayLike<number>;

export interface ClassFigures {
  precision: number;
  recall: number;
  f1: number;
  /** Rows that truly are of the class. */
  support: number;
}

/**
 * Counts by true class (row) and predicted class (column), as positions among the classes.
 *
 * @param truth Positions of the true classes, n numbers.
 * @param predicted Positions of the predicted classes, n numbers.
 */
export function confusionMatrix(
  truth: readonly number[],
  predicted: readonly number[],
  classes: number,
  counts?: Counts,
): number[][] {
  const matrix = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  for (let row = 0; row < truth.length; row++) {
    const line = matrix[truth[row] ?? -1];
    const said = predicted[row] ?? -1;
    if (line && said >= 0) line[said] = (line[said] ?? 0) + (counts ? (counts[row] ?? 0) : 1);
  }
  return matrix;
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
const mean = (values: readonly number[]) => sum(values) / values.length;
/** A share of nothing counts as 0, as scikit-learn's zero_division=0. */
const share = (part: number, whole: number) => (whole === 0 ? 0 : part / whole);

/** Precision, recall and F1 of each class. */
export function classFigures(confusion: readonly number[][]): ClassFigures[] {
  return confusion.map((line, position) => {
    const hits = line[position] ?? 0;
    const support = sum(line);
    const predicted = sum(confusion.map((other) => other[position] ?? 0));
    return {
      precision: share(hits, predicted),
      recall: share(hits, support),
      f1: share(2 * hits, support + predicted),
      support,
    };
  });
}

/**
 * Figures of a classification from its confusion matrix.
 *
 * Macro averages go over the classes that occur in the truth or in the predictions, balanced accuracy over those in the
 * truth, weighted averages over the rows. Micro averages of single labels all equal the accuracy. Without rows every
 * figure is NaN.
 *
 * Source: equal to scikit-learn's accuracy_score, balanced_accuracy_score and precision_recall_fscore_support.
 */
export function classificationFigures(confusion: readonly number[][]): Record<string, number> {
  const figures = classFigures(confusion);
  const total = sum(confusion.map(sum));
  const isPredicted = (position: number) => confusion.some((line) => (line[position] ?? 0) > 0);
  const present = figures.filter(({ support }, position) => support > 0 || isPredicted(position));
  const weighted = (name: 'precision' | 'recall' | 'f1') =>
    sum(figures.map((each) => each[name] * each.support)) / total;
  const accuracy = sum(confusion.map((line, position) => line[position] ?? 0)) / total;
  return {
    accuracy,
    balanced_accuracy: mean(figures.filter(({ support }) => support > 0).map(({ recall }) => recall)),
    precision_macro: mean(present.map(({ precision }) => precision)),
    recall_macro: mean(present.map(({ recall }) => recall)),
    f1_macro: mean(present.map(({ f1 }) => f1)),
    precision_micro: accuracy,
    recall_micro: accuracy,
    f1_micro: accuracy,
    precision_weighted: weighted('precision'),
    recall_weighted: weighted('recall'),
    f1_weighted: weighted('f1'),
  };
}

/** The figures of single classes under their names; NaN where neither a row nor an answer is of the class. */
export function namedClassFigures(
  confusion: readonly number[][],
  classes: readonly string[],
): Record<string, number> {
  const named: Record<string, number> = {};
  const figures = classFigures(confusion);
  for (const [position, category] of classes.entries()) {
    const { precision, recall, f1, support } = figures[position] ?? {
      precision: Number.NaN,
      recall: Number.NaN,
      f1: Number.NaN,
      support: 0,
    };
    const isPresent = support > 0 || confusion.some((line) => (line[position] ?? 0) > 0);
    named[classMetric('precision', category)] = isPresent ? precision : Number.NaN;
    named[classMetric('recall', category)] = isPresent ? recall : Number.NaN;
    named[classMetric('f1', category)] = isPresent ? f1 : Number.NaN;
  }
  return named;
}
