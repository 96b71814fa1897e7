import type { PredictionRecord } from '../inference/prediction-record.ts';
import type { AnsweredRequest, LabelledOutput, Output, Side } from '../rollout/side.ts';
import type { Label } from './label.ts';

const outputsOf = ({ predictions }: PredictionRecord): Output[] =>
  predictions.map((answer) => ('label' in answer ? answer.label : answer.value));

const isTraffic = ({ isPinned, variant }: PredictionRecord) => !isPinned && variant !== 'edge';

/** What captures and labels say of the versions that took traffic, for the judge of a canary. */
export function canaryTraffic(
  records: readonly PredictionRecord[],
  labels: readonly Label[],
): Pick<Side, 'answered' | 'labelled'> {
  const answered = new Map<string, AnsweredRequest>();
  for (const record of records.filter(isTraffic)) {
    const { predictionId, version, latencyMs, caller = predictionId } = record;
    answered.set(predictionId, { version, group: caller, latencyMs, outputs: outputsOf(record) });
  }
  const labelled = labels.flatMap(({ predictionId, row, label }): LabelledOutput[] => {
    const request = answered.get(predictionId);
    const predicted = request?.outputs[row];
    // A label is not checked when it comes: it may be of a row or a type that never was.
    if (!request || predicted === undefined || typeof predicted !== typeof label) return [];
    return [{ version: request.version, group: request.group, predicted, actual: label }];
  });
  return { answered: [...answered.values()], labelled };
}
