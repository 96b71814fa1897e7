import type { LabelledOutput } from '../rollout/side.ts';
import type { CaptureStore } from './captures.store.ts';
import { completeAll } from './complete-receipts.ts';
import { joinLabels } from './labelled-rows.ts';
import type { PredictionStore } from './predictions.store.ts';

export interface AbOutcomesParts {
  predictions: Pick<PredictionStore, 'firstLabelsSince' | 'findReceipts'>;
  captures: Pick<CaptureStore, 'complete'>;
}

/**
 * What turned out of the rows that were asked since an A/B test began, the labels that came first up to `most`. The newest
 * would let what was seen slip out of sight again, which the rule that stops the test does not allow for.
 */
export async function abOutcomes(
  { predictions, captures }: AbOutcomesParts,
  { model, since, until, most }: { model: string; since: string; until: Date; most: number },
): Promise<LabelledOutput[]> {
  const labels = await predictions.firstLabelsSince(model, since, most, until);
  const receipts = await predictions.findReceipts(
    labels.map(({ predictionId }) => predictionId),
    until,
  );
  const inTest = [...receipts.values()].filter(
    ({ at, isPinned = false, variant }) => at >= since && !isPinned && variant !== 'edge',
  );
  const joined = joinLabels(labels, await completeAll(captures, inTest), model);
  return joined.map(({ predictionId, version, predicted, actual }) => ({
    version,
    group: receipts.get(predictionId)?.caller ?? predictionId,
    predicted,
    actual,
  }));
}
