import { type AnswerReference, answeredCounts } from './answer-reference.ts';
import type { Watched } from './drift.ts';
import type { AnswerCounts } from './traffic-profile.ts';

const shown = (value: number) => String(Number(value.toPrecision(4)));

/** Bins with a name for each interval between edges. */
export function intervalBins(edges: readonly number[], frozen: readonly number[], live: readonly number[]) {
  return frozen.map((count, place) => {
    const [low, high] = [edges[place - 1], edges[place]];
    const label =
      low === undefined
        ? `≤ ${shown(high ?? 0)}`
        : high === undefined
          ? `> ${shown(low)}`
          : `${shown(low)} – ${shown(high)}`;
    return { label, frozen: count, live: live[place] ?? 0 };
  });
}

/** What is watched of the answers of a version: shares of labels and the greatest score, or values. */
export function watchAnswers(reference: AnswerReference, live: AnswerCounts): Watched[] {
  if (reference.kind === 'regression') {
    const { edges, counts } = reference.values;
    const values = intervalBins(edges, counts, live.values);
    return [{ name: 'value', comparison: { isOrdered: true, values, gaps: [] }, sample: live.rows }];
  }
  const answered = answeredCounts(reference);
  const labels = reference.classes.map((label, place) => ({
    label,
    frozen: answered[place] ?? 0,
    live: live.labels[label] ?? 0,
  }));
  const ofLabels = {
    name: 'label',
    comparison: { isOrdered: false, values: labels, gaps: [] },
    sample: live.rows,
  };
  if (!reference.calibration) return [ofLabels];
  const edges = reference.calibration.slice(1).map((_, place) => (place + 1) / 10);
  const scores = intervalBins(
    edges,
    reference.calibration.map(({ rows }) => rows),
    reference.calibration.map((_, place) => live.confidences[place]?.rows ?? 0),
  );
  const ofScores = {
    name: 'score',
    comparison: { isOrdered: true, values: scores, gaps: [] },
    sample: live.rows,
  };
  return [ofLabels, ofScores];
}
