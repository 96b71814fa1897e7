import type { Counts } from './classification-metrics.ts';
import { countedMean } from './probability-metrics.ts';

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
  counts?: Counts,
): Record<string, number> {
  const errors = truth.map((actual, row) => actual - (predicted[row] ?? Number.NaN));
  const squared = countedMean(
    errors.map((error) => error ** 2),
    counts,
  );
  const centre = countedMean(truth, counts);
  const spread = countedMean(
    truth.map((actual) => (actual - centre) ** 2),
    counts,
  );
  const flat = squared === 0 ? 1 : 0;
  return {
    rmse: Math.sqrt(squared),
    mae: countedMean(errors.map(Math.abs), counts),
    r2: truth.length < 2 ? Number.NaN : spread > 0 ? 1 - squared / spread : flat,
  };
}
