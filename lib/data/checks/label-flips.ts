import { wilsonBounds } from '../../statistics/wilson.ts';

/** A row as a point: numbers in deviations from their mean, categories as whole numbers; missing is NaN, or -1. */
export interface Point {
  numbers: Float64Array;
  categories: Int32Array;
  label: number;
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
 * judged. Distance is Euclidean; a different category, and a missing value against a present one, count as one deviation.
 *
 * Source: Wilson (1972), "Asymptotic properties of nearest neighbor rules using edited data". Its error rates on clean
 * and flipped data: docs/data-checks.md.
 */
export function findLabelFlips(points: readonly Point[]): LabelFlips {
  let [judged, disagreeing] = [0, 0];
  const near = new Float64Array(neighbours);
  const labels = new Int32Array(neighbours);
  for (const [own, point] of points.entries()) {
    near.fill(Number.POSITIVE_INFINITY);
    labels.fill(-1);
    for (const [other, candidate] of points.entries()) {
      if (other === own) continue;
      const limit = near[neighbours - 1] ?? 0;
      const distance = squaredDistance(point, candidate, limit);
      if (distance < limit) insert(near, labels, distance, candidate.label);
    }
    const { label, votes } = mostFrequent(labels);
    if (votes < agreeing) continue;
    judged++;
    if (label !== point.label) disagreeing++;
  }
  return { sampled: points.length, judged, disagreeing };
}

function squaredDistance(a: Point, b: Point, limit: number): number {
  let sum = 0;
  for (let i = 0; i < a.numbers.length; i++) {
    const [x = 0, y = 0] = [a.numbers[i], b.numbers[i]];
    if (Number.isNaN(x) || Number.isNaN(y)) sum += Number.isNaN(x) === Number.isNaN(y) ? 0 : 1;
    else sum += (x - y) * (x - y);
    if (sum >= limit) return sum;
  }
  for (let i = 0; i < a.categories.length; i++) if (a.categories[i] !== b.categories[i]) sum += 1;
  return sum;
}

function insert(near: Float64Array, labels: Int32Array, distance: number, label: number): void {
  let place = neighbours - 1;
  while (place > 0 && (near[place - 1] ?? 0) > distance) {
    near[place] = near[place - 1] ?? 0;
    labels[place] = labels[place - 1] ?? -1;
    place--;
  }
  near[place] = distance;
  labels[place] = label;
}

function mostFrequent(labels: Int32Array): { label: number; votes: number } {
  const votes = new Map<number, number>();
  for (const label of labels) votes.set(label, (votes.get(label) ?? 0) + 1);
  const [label = -1, most = 0] = [...votes].reduce(
    (best, each) => (each[1] > best[1] ? each : best),
    [-1, 0],
  );
  return { label, votes: label === -1 ? 0 : most };
}

/** Whether more labels contradict their neighbours than in an earlier dataset, by more than `increase`, at 99 %. */
export function haveFlipsGrown(now: LabelFlips, then: LabelFlips, increase: number): boolean {
  if (now.judged === 0 || then.judged === 0) return false;
  const grown = now.disagreeing / now.judged - then.disagreeing / then.judged;
  const isCertain =
    wilsonBounds(now.disagreeing, now.judged).least > wilsonBounds(then.disagreeing, then.judged).most;
  return grown > increase && isCertain;
}
