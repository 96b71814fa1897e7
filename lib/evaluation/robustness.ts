import type { Row } from '../data/dataset.ts';
import type { ModelDefinition } from '../model/definition.ts';
import { mainMetric } from '../model/gate.ts';
import { isErrorMetric } from '../model/metric-names.ts';
import { EvergreenError } from '../shared/errors.ts';
import { disturb, refusedShare } from './disturbances.ts';
import type { RobustnessEvaluation } from './evaluation.ts';
import { figuresOf } from './measure.ts';
import type { Sample } from './sample.ts';

/** Rows that are disturbed at most, since a model with many numbers answers them many times. */
const mostRows = 2000;

const finite = (value: number | undefined) => (value !== undefined && Number.isFinite(value) ? value : null);

/**
 * By how much the main metric gets worse when the held-out rows are disturbed.
 *
 * @param answer Gives the model's answers beside the truth.
 */
export async function evaluateRobustness(
  rows: readonly Row[],
  definition: ModelDefinition,
  answer: (rows: readonly Row[]) => Promise<Sample>,
): Promise<RobustnessEvaluation> {
  const metric = mainMetric(definition.task);
  const worsening = (from: number, to: number) => (isErrorMetric(metric) ? to - from : from - to);
  const used = rows.slice(0, mostRows);
  const undisturbed = finite(figuresOf(await answer(used))[metric]);
  const disturbances: RobustnessEvaluation['disturbances'] = [];
  for (const { kind, feature, amount, rows: disturbed } of disturb(used, definition)) {
    const value = await answer(disturbed).then(
      (sample) => finite(figuresOf(sample)[metric]),
      (thrown: unknown) => {
        // A model that cannot answer disturbed rows has no figure on them, which is for the gate to judge.
        if (thrown instanceof EvergreenError && thrown.code === 'model-failed') return null;
        throw thrown;
      },
    );
    const drop = value === null || undisturbed === null ? null : worsening(undisturbed, value);
    const refused = refusedShare(disturbed, definition.features);
    disturbances.push({ kind, feature, amount, value, drop, refusedShare: refused });
  }
  return { metric, rows: used.length, undisturbed, disturbances };
}
