import { wilsonBounds } from '../../statistics/wilson.ts';

/** n labelled rows as points. */
export interface LabelledPoints {
  /** In deviations from the mean, row by row; a missing one stands at the mean, 0. Shape n × k. */
  numbers: Float64Array;
  /** Codes of categories, and of whether a number is missing, row by row. Shape n × m. */
  codes: Int32Array;
  labels: Int32Array;
}

export interface LabelFlips {
  /** Rows that were looked at, and those of them whose neighbours agree on a label. */
  sampled: number;
  judged: number;
  /** Judged rows that have another label than their neighbours. */
  disagreeing: number;
}

export const neighbours = 10;
/** Neighbours that must agree for a row to be judged. */
const agreeing = 8;

/**
 * Rows whose label contradicts the rows most like them: each is left out in turn and its ten nearest neighbours vote.
 *
 * Where eight of ten agree, the class of a clean row is hardly in doubt, so the share of contradicting rows there
 * estimates the share of flipped labels, and is not much moved by rows near the border of two classes, which are not
 * judged. Distance is Euclidean; different codes count as one deviation.
 *
 * Source: Wilson (1972), "Asymptotic properties of nearest neighbor rules using edited data". Its error rates on clean
 * and flipped data: docs/decisions/0011-labels-judged-by-neighbours.md.
 */
export function findLabelFlips({ numbers, codes, labels }: LabelledPoints): LabelFlips {
  const n = labels.length;
  const k = n === 0 ? 0 : numbers.length / n;
  const m = n === 0 ? 0 : codes.length / n;
  let [judged, disagreeing] = [0, 0];
  const distances = new Float64Array(n);
  for (let own = 0; own < n; own++) {
    for (let other = 0; other < n; other++) {
      let sum = 0;
      for (let i = 0; i < k; i++) {
        const difference = at(numbers, own * k + i) - at(numbers, other * k + i);
        sum += difference * difference;
      }
      for (let i = 0; i < m; i++) if (codes[own * m + i] !== codes[other * m + i]) sum += 1;
      distances[other] = sum;
    }
    distances[own] = Number.POSITIVE_INFINITY;
    const { label, votes } = vote(distances, labels);
    if (votes < agreeing) continue;
    judged++;
    if (label !== labels[own]) disagreeing++;
  }
  return { sampled: n, judged, disagreeing };
}

/** The most frequent label of the nearest rows, the first of equally near ones first. */
function vote(distances: Float64Array, labels: Int32Array): { label: number; votes: number } {
  const near = new Float64Array(neighbours).fill(Number.POSITIVE_INFINITY);
  const found = new Int32Array(neighbours).fill(-1);
  for (let row = 0; row < distances.length; row++) {
    const distance = at(distances, row);
    if (!(distance < at(near, neighbours - 1))) continue;
    let place = neighbours - 1;
    for (; place > 0 && at(near, place - 1) > distance; place--) {
      near[place] = at(near, place - 1);
      found[place] = found[place - 1] ?? -1;
    }
    near[place] = distance;
    found[place] = labels[row] ?? -1;
  }
  const votes = new Map<number, number>();
  for (const label of found) if (label >= 0) votes.set(label, (votes.get(label) ?? 0) + 1);
  return [...votes].reduce((best, [label, count]) => (count > best.votes ? { label, votes: count } : best), {
    label: -1,
    votes: 0,
  });
}

function at(values: Float64Array, place: number): number {
  return values[place] ?? 0;
}

/** Share of the sampled rows that must be judged: below, classes overlap and neighbours agree by chance. */
const leastJudged = 0.35;

/** Whether the classes of a dataset lie so far apart that neighbours can tell flipped labels. */
export function areClassesClear({ sampled, judged }: LabelFlips): boolean {
  return judged >= leastJudged * sampled;
}

/** Share of the agreement there was, below which labels no longer follow the features. */
const leastAgreement = 0.5;

/** Whether neighbours agree in far fewer rows than before: so it is when most labels are shuffled. */
export function hasAgreementCollapsed(now: LabelFlips, then: LabelFlips): boolean {
  if (now.sampled === 0 || then.sampled === 0 || !areClassesClear(then)) return false;
  const { most } = wilsonBounds(now.judged, now.sampled);
  return most < (leastAgreement * then.judged) / then.sampled;
}

/**
 * Whether more labels contradict their neighbours than in an earlier dataset: by more than `increase`, and certainly
 * more at 99 %; or neighbours hardly agree any more.
 *
 * Source: Newcombe (1998), "Interval estimation for the difference between independent proportions", method 10.
 */
export function haveFlipsGrown(now: LabelFlips, then: LabelFlips, increase: number): boolean {
  if (hasAgreementCollapsed(now, then)) return true;
  if (now.judged === 0 || then.judged === 0 || !areClassesClear(then)) return false;
  const [share, before] = [now.disagreeing / now.judged, then.disagreeing / then.judged];
  const { least } = wilsonBounds(now.disagreeing, now.judged);
  const { most } = wilsonBounds(then.disagreeing, then.judged);
  const grown = share - before;
  return grown > increase && grown - Math.hypot(share - least, most - before) > 0;
}
