import { sampleText } from '../../evaluation/evaluation.ts';
import type { ModelCard } from './model-card.ts';

type Data = Pick<ModelCard['data'], 'trainRows' | 'heldOutRows' | 'judgedRows'>;

/** How many rows a version was trained on, and judged by. */
export function rowsText(data: Data): string {
  const judged = data.judgedRows === undefined ? '' : `, of which ${data.judgedRows} were judged: a sample`;
  return `${data.trainRows} trained on, ${data.heldOutRows} held out${judged}`;
}

/** The rows that figures are of. */
export function heldOutText({ heldOutRows, judgedRows }: Data): string {
  return judgedRows === undefined ? `${heldOutRows} held-out rows` : sampleText(judgedRows, heldOutRows);
}

/** Empty where all were judged. */
export function judgedText({ judgedRows }: Data): string {
  return judgedRows === undefined ? '' : `judged by a sample of ${judgedRows}`;
}
