import type { AnswerReference } from './answer-reference.ts';
import { answeredCounts, sum } from './answer-reference.ts';
import type { TrafficProfile } from './traffic-profile.ts';

export interface AnswerAnomaly {
  kind: 'one answer' | 'rate';
  reason: string;
}

/** A share of all answers that no healthy classifier gives to one label, unless the held-out rows had as many. */
const nearlyAll = 0.98;
/** Hours of the window needed to know what is usual. */
const leastHours = 6;
/** Times as many rows, or as few, as the median hour. */
const mostFold = 5;

const percent = (share: number) => `${(share * 100).toFixed(1)} %`;

function oneAnswer(
  reference: AnswerReference | null,
  { answers }: TrafficProfile,
  leastSample: number,
): AnswerAnomaly[] {
  if (!reference || answers.rows < leastSample) return [];
  if (reference.kind === 'regression') {
    const greatest = Math.max(0, ...answers.values) / answers.rows;
    const usual = Math.max(0, ...reference.values.counts) / sum(reference.values.counts);
    if (greatest < nearlyAll || usual >= nearlyAll) return [];
    return [{ kind: 'one answer', reason: `${percent(greatest)} of the values lie in one of the ten bins` }];
  }
  const [label = '', count = 0] = Object.entries(answers.labels).sort(([, a], [, b]) => b - a)[0] ?? [];
  const counts = answeredCounts(reference);
  const usual = (counts[reference.classes.indexOf(label)] ?? 0) / sum(counts);
  const share = count / answers.rows;
  // A class that is rare by nature leaves the other one nearly all answers.
  if (share < nearlyAll || usual >= nearlyAll - 0.05) return [];
  const reason = `${percent(share)} of the answers are ${label}, ${percent(usual)} in the evaluation`;
  return [{ kind: 'one answer', reason }];
}

/** The last whole hour beside the median of those before it. */
function unusualRate(
  hours: readonly (readonly [string, Pick<TrafficProfile, 'rows'>])[],
  leastSample: number,
): AnswerAnomaly[] {
  const whole = hours.slice(0, -1).map(([hour, { rows }]) => ({ hour, rows }));
  const last = whole.pop();
  if (!last || whole.length < leastHours) return [];
  const sorted = whole.map(({ rows }) => rows).sort((a, b) => a - b);
  const median = sorted[Math.floor(sorted.length / 2)] ?? 0;
  if (Math.max(median, last.rows) < leastSample) return [];
  if (last.rows <= median * mostFold && last.rows * mostFold >= median) return [];
  const reason = `${last.rows} rows in the hour from ${last.hour}; the median hour of the window has ${median}`;
  return [{ kind: 'rate', reason }];
}

/** What is odd about answers, whatever came in: nearly all the same, or far more or fewer than usual. */
export function findAnomalies(
  reference: AnswerReference | null,
  hours: readonly (readonly [string, TrafficProfile])[],
  window: TrafficProfile,
  leastSample: number,
): AnswerAnomaly[] {
  return [...oneAnswer(reference, window, leastSample), ...unusualRate(hours, leastSample)];
}
