import type { Row } from '../data/dataset.ts';
import type { FullReceipt } from './capture.ts';
import type { Label } from './label.ts';
import type { LabelledAnswer } from './quality.ts';

/** A row as it was asked, with the answer, and what turned out to be true. */
export interface LabelledRow extends LabelledAnswer {
  predictionId: string;
  row: number;
  features: Row;
  labelledAt: string;
  /** The score of the label that was predicted; null of a version without scores. */
  score: number | null;
  /** What was said to be true of it before. */
  replaced: Label['replaced'];
}

/**
 * Labels joined with the predictions they are for, in the order of the labels.
 *
 * A label may come before its prediction is on record and is checked only here: one of another model, of a row that
 * was not asked, or of another type than the answer is left out.
 */
export function joinLabels(
  labels: Label[],
  receipts: ReadonlyMap<string, FullReceipt>,
  model: string,
): LabelledRow[] {
  return labels.flatMap((given) => {
    const receipt = receipts.get(given.predictionId);
    const features = receipt?.content.rows[given.row];
    const answer = receipt?.content.predictions[given.row];
    if (receipt?.model !== model || !features || !answer) return [];
    const predicted = 'label' in answer ? answer.label : answer.value;
    if (typeof predicted !== typeof given.label) return [];
    const score = 'label' in answer ? (answer.scores?.[answer.label] ?? null) : null;
    const { predictionId, row, label: actual, labelledAt, replaced } = given;
    const { version } = receipt;
    return [{ predictionId, row, version, features, predicted, actual, score, labelledAt, replaced }];
  });
}
