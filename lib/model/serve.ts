import * as z from 'zod';
import type { Algorithm, Task } from './algorithms.ts';
import { mainMetric } from './gate.ts';

/** How a version is served. */
export const serve = z.strictObject({
  /**
   * Numbers of weights in the file that is served. With `int8` the training job writes a second file, and that one is
   * served where it loses no more than `mostLoss`. @default - the full precision that was trained with
   */
  quantise: z.literal('int8', { error: 'the only kind is int8' }).optional(),
  /**
   * By how much the main metric of the held-out rows may get worse, in its units. @default 0.01 of accuracy; of rmse
   * there is none
   */
  mostLoss: z.number().min(0).optional(),
});
export type Serve = z.infer<typeof serve>;

const defaultLoss = 0.01;

/** What a definition asks of 8-bit weights; undefined when it asks for none. */
export function quantisationOf({
  serve,
}: {
  serve?: Serve | undefined;
}): { kind: 'int8'; mostLoss: number } | undefined {
  if (serve?.quantise === undefined) return undefined;
  return { kind: serve.quantise, mostLoss: serve.mostLoss ?? defaultLoss };
}

/** What in `serve` does not fit the model. */
export function serveProblems({
  serve,
  task,
  target,
}: {
  serve?: Serve | undefined;
  task: Task;
  target: { name: string };
}): { path: string[]; message: string }[] {
  if (!serve) return [];
  const path = ['serve', 'mostLoss'];
  if (serve.quantise === undefined && serve.mostLoss !== undefined) {
    return [{ path, message: 'nothing is quantised that could lose; set quantise to int8, or leave it out' }];
  }
  if (serve.quantise !== undefined && serve.mostLoss === undefined && mainMetric(task) === 'rmse') {
    return [{ path, message: `say by how much rmse may grow, in units of ${target.name}` }];
  }
  return [];
}

const withWeights: readonly Algorithm[] = [
  'logistic-regression',
  'linear-regression',
  'ridge',
  'elastic-net',
  'mlp',
  'gradient-descent',
];

const whyNot: Readonly<Record<string, string>> = {
  'naive-bayes': 'is made of densities',
  'linear-svc': 'decides by votes that 8 bits would turn',
  svc: 'decides by votes that 8 bits would turn',
  'linear-svr': 'answers by support vectors',
  svr: 'answers by support vectors',
  'matrix-factorisation': 'looks users up in a table',
  'item-to-item': 'looks items up in a table',
};

/** Why a built-in algorithm leaves no weights that could have 8 bits; undefined when it leaves some. */
export function refuseQuantisation(algorithm: Algorithm): string | undefined {
  if (withWeights.includes(algorithm)) return undefined;
  const why = whyNot[algorithm] ?? 'is made of trees';
  return `${algorithm} ${why}, and has no matrices of weights; use ${withWeights.join(', ')}, or leave quantise out`;
}
