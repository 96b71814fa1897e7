import * as z from 'zod';

export const task = z.enum([
  'classification',
  'regression',
  'text-classification',
  'ranking',
  'anomaly-detection',
]);

export type Task = z.infer<typeof task>;

/** The built-in algorithms of each task, its default first. What each is: training/README.md. */
export const algorithmsOf = {
  classification: [
    'logistic-regression',
    'linear-svc',
    'svc',
    'naive-bayes',
    'decision-tree',
    'random-forest',
    'extra-trees',
    'gradient-boosting',
    'lightgbm',
    'mlp',
    'gradient-descent',
  ],
  regression: [
    'ridge',
    'linear-regression',
    'elastic-net',
    'linear-svr',
    'svr',
    'decision-tree',
    'random-forest',
    'extra-trees',
    'gradient-boosting',
    'lightgbm',
    'mlp',
    'gradient-descent',
  ],
  'text-classification': ['logistic-regression'],
  ranking: ['matrix-factorisation', 'item-to-item'],
  'anomaly-detection': ['isolation-forest'],
} as const satisfies Record<Task, readonly [string, ...string[]]>;

export type Algorithm = (typeof algorithmsOf)[Task][number];

/** Every name there is, whatever its task: what a stored definition may hold. */
export const algorithm = z.enum([...new Set<Algorithm>(Object.values(algorithmsOf).flat())]);

/** Why an algorithm cannot do a task, with those that can; undefined when it can. */
export function refuseAlgorithm(name: Algorithm, wanted: Task): string | undefined {
  const allowed: readonly Algorithm[] = algorithmsOf[wanted];
  return allowed.includes(name) ? undefined : `${name} does no ${wanted}; use ${allowed.join(', ')}`;
}
