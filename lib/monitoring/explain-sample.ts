import type { Row } from '../data/dataset.ts';
import type { ModelSession } from '../inference/session.ts';
import { shapleyOf } from '../inference/shapley.ts';
import type { ModelDefinition } from '../model/definition.ts';
import { EvergreenError } from '../shared/errors.ts';
import type { Explanation } from '../training/explanation.ts';
import type { Attributions } from './attribution-drift.ts';

export interface ExplainedSample {
  means: Attributions;
  sample: number;
}

/** Rows that are explained at most, and how long that may take: a look, not a study. */
export const mostExplained = 40;
const deadlineMs = 20_000;

class OutOfTime extends Error {}

/** Some rows at even distances. */
export function spreadRows(rows: readonly Row[], most = mostExplained): Row[] {
  const step = Math.max(1, rows.length / most);
  return Array.from(
    { length: Math.min(most, rows.length) },
    (_, place) => rows[Math.floor(place * step)] ?? {},
  );
}

/**
 * Mean sizes of what each feature contributes to the answers of a few rows; of fewer when time runs out.
 *
 * @param stopwatch A clock for durations, in milliseconds.
 */
export async function explainSample(
  rows: readonly Row[],
  { definition, session }: { definition: ModelDefinition; session: Pick<ModelSession, 'predict'> },
  { reference }: Explanation,
  stopwatch: () => number,
): Promise<ExplainedSample> {
  const begun = stopwatch();
  const beforeBatch = async () => {
    if (stopwatch() - begun > deadlineMs) throw new OutOfTime();
  };
  const features = Object.keys(definition.features);
  const sums = Object.fromEntries(features.map((name) => [name, 0]));
  const predictions = await session.predict(rows);
  let sample = 0;
  try {
    for (const [place, row] of rows.entries()) {
      const prediction = predictions[place];
      if (!prediction) throw new EvergreenError('model-failed', `row ${place} is not answered`);
      const predict = (some: readonly Row[]) => session.predict(some);
      const { contributions } = await shapleyOf({
        row,
        prediction,
        features,
        reference,
        predict,
        beforeBatch,
      });
      for (const name of features) sums[name] = (sums[name] ?? 0) + Math.abs(contributions[name] ?? 0);
      sample += 1;
    }
  } catch (thrown) {
    if (!(thrown instanceof OutOfTime)) throw thrown;
  }
  const means = Object.fromEntries(
    Object.entries(sums).map(([name, sum]) => [name, sum / Math.max(1, sample)]),
  );
  return { means, sample };
}
