import type { Task } from './algorithms.ts';

/*
 * The names of the figures that a version is judged by. Those of one class carry its name: `recall:virginica`.
 */

const averages = ['macro', 'micro', 'weighted'] as const;
const classMetrics = ['precision', 'recall', 'f1'] as const;

/** From the predicted labels alone. */
export const labelMetrics: readonly string[] = [
  'accuracy',
  'balanced_accuracy',
  ...classMetrics.flatMap((name) => averages.map((average) => `${name}_${average}`)),
];

/** Of versions that give scores: areas under the ROC and precision-recall curves, and how true the scores are. */
export const scoreMetrics: readonly string[] = [
  'roc_auc',
  'pr_auc',
  'log_loss',
  'brier_score',
  'calibration_error',
];

/** How many of the best-scored categories a ranking is judged by. */
export const rankingCutoffs = [5, 10, 20] as const;

export const rankingMetrics: readonly string[] = ['ndcg', 'recall', 'coverage'].flatMap((name) =>
  rankingCutoffs.map((cutoff) => `${name}_at_${cutoff}`),
);

export const regressionMetrics: readonly string[] = ['rmse', 'mae', 'r2'];

const errors: readonly string[] = ['log_loss', 'brier_score', 'calibration_error', 'rmse', 'mae'];

/** Whether less of it is better. */
export const isErrorMetric = (metric: string) => errors.includes(metric);

/** The name of a figure of one class. */
export const classMetric = (metric: (typeof classMetrics)[number], category: string) =>
  `${metric}:${category}`;

/** Every figure of a task, without those of single classes. */
export function metricsOf(task: Task): string[] {
  if (task === 'regression') return [...regressionMetrics];
  return [...labelMetrics, ...scoreMetrics, ...(task === 'ranking' ? rankingMetrics : [])];
}

/** Why a name is none of a task's figures, with the ones that are; undefined when it is one. */
export function refuseMetric(name: string, task: Task, categories: readonly string[]): string | undefined {
  const allowed = metricsOf(task);
  const ofClasses = task === 'regression' ? [] : classMetrics;
  if (allowed.includes(name)) return undefined;
  if (ofClasses.some((metric) => categories.some((category) => classMetric(metric, category) === name))) {
    return undefined;
  }
  const single =
    ofClasses.length > 0 ? `, and ${ofClasses.join(', ')} of one class, as recall:${categories[0]}` : '';
  return `${name} is no figure of ${task}; allowed are ${allowed.join(', ')}${single}`;
}
