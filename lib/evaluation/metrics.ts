/** Names of the figures of an evaluation; those of errors are better the lower they are. */
export const errorMetrics: readonly string[] = ['log_loss', 'rmse', 'mae'];

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
): number[][] {
  const counts = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  for (const [row, actual] of truth.entries()) {
    const line = counts[actual];
    const said = predicted[row];
    if (line && said !== undefined) line[said] = (line[said] ?? 0) + 1;
  }
  return counts;
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
 * truth. Without rows every figure is NaN.
 *
 * Source: equal to scikit-learn's accuracy_score, balanced_accuracy_score and precision_recall_fscore_support.
 */
export function classificationFigures(confusion: readonly number[][]): Record<string, number> {
  const figures = classFigures(confusion);
  const total = sum(confusion.map(sum));
  const isPredicted = (position: number) => confusion.some((line) => (line[position] ?? 0) > 0);
  const present = figures.filter(({ support }, position) => support > 0 || isPredicted(position));
  return {
    accuracy: sum(confusion.map((line, position) => line[position] ?? 0)) / total,
    balanced_accuracy: mean(figures.filter(({ support }) => support > 0).map(({ recall }) => recall)),
    precision_macro: mean(present.map(({ precision }) => precision)),
    recall_macro: mean(present.map(({ recall }) => recall)),
    f1_macro: mean(present.map(({ f1 }) => f1)),
  };
}

/**
 * Mean of the negative natural logarithm of the true class's score, which is clipped to the machine precision.
 *
 * @param scores n rows of one score for each class.
 *
 * Source: scikit-learn's log_loss for scores in double precision.
 */
export function logLoss(truth: readonly number[], scores: readonly (readonly number[])[]): number {
  const losses = truth.map((actual, row) => {
    const score = scores[row]?.[actual] ?? Number.NaN;
    return -Math.log(Math.min(1 - Number.EPSILON, Math.max(Number.EPSILON, score)));
  });
  return mean(losses);
}

/**
 * Root mean squared error and mean absolute error, in units of the target, and R².
 *
 * R² of a target without spread is 1 without errors, else 0; of fewer than two rows it is NaN.
 *
 * Source: equal to scikit-learn's root_mean_squared_error, mean_absolute_error and r2_score.
 */
export function regressionFigures(
  truth: readonly number[],
  predicted: readonly number[],
): Record<string, number> {
  const errors = truth.map((actual, row) => actual - (predicted[row] ?? Number.NaN));
  const squared = sum(errors.map((error) => error ** 2));
  const centre = mean(truth);
  const spread = sum(truth.map((actual) => (actual - centre) ** 2));
  const flat = squared === 0 ? 1 : 0;
  return {
    rmse: Math.sqrt(squared / truth.length),
    mae: mean(errors.map(Math.abs)),
    r2: truth.length < 2 ? Number.NaN : spread > 0 ? 1 - squared / spread : flat,
  };
}
