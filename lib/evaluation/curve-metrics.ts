import type { Counts } from './classification-metrics.ts';

/** One class against all others: rows by falling score. Sorted once, so that each resample is one pass. */
export interface Ranked {
  order: Int32Array;
  /** 1 at the last place of a run of equal scores. */
  endsTie: Uint8Array;
  /** 1 for rows, by place, that truly are of the class. */
  isPositive: Uint8Array;
}

/** @throws RangeError never; rows whose score is NaN come last. */
export function rankRows(isPositive: (row: number) => boolean, scores: ArrayLike<number>): Ranked {
  const order = Int32Array.from({ length: scores.length }, (_, row) => row);
  const scoreOf = (row: number) => scores[row] ?? Number.NEGATIVE_INFINITY;
  order.sort((a, b) => scoreOf(b) - scoreOf(a));
  const endsTie = Uint8Array.from(order, (row, place) => {
    const next = order[place + 1];
    return next === undefined || scoreOf(next) !== scoreOf(row) ? 1 : 0;
  });
  return { order, endsTie, isPositive: Uint8Array.from(order, (row) => (isPositive(row) ? 1 : 0)) };
}

/**
 * Areas under the ROC curve and under the precision-recall curve (average precision); NaN unless rows of both kinds count.
 *
 * Source: Mann, Whitney 1947 for the first by ranks, ties counting half; equal to scikit-learn's roc_auc_score and
 * average_precision_score.
 */
export function areasUnder(
  { order, endsTie, isPositive }: Ranked,
  counts?: Counts,
): { roc: number; pr: number } {
  let truePositives = 0;
  let falsePositives = 0;
  let tiedPositives = 0;
  let tiedNegatives = 0;
  let roc = 0;
  let pr = 0;
  for (let place = 0; place < order.length; place++) {
    const count = counts ? (counts[order[place] ?? 0] ?? 0) : 1;
    if (isPositive[place] === 1) tiedPositives += count;
    else tiedNegatives += count;
    if (endsTie[place] === 0) continue;
    roc += tiedNegatives * (truePositives + tiedPositives / 2);
    truePositives += tiedPositives;
    falsePositives += tiedNegatives;
    if (tiedPositives > 0) pr += tiedPositives * (truePositives / (truePositives + falsePositives));
    tiedPositives = 0;
    tiedNegatives = 0;
  }
  if (truePositives === 0 || falsePositives === 0) return { roc: Number.NaN, pr: Number.NaN };
  return { roc: roc / (truePositives * falsePositives), pr: pr / truePositives };
}

/** Points (false positive rate, true positive rate) of the ROC curve from (0, 0) to (1, 1), evenly thinned. */
export function rocPoints({ order, endsTie, isPositive }: Ranked, most = 200): [number, number][] {
  const positives = isPositive.reduce((sum, each) => sum + each, 0);
  const negatives = order.length - positives;
  if (positives === 0 || negatives === 0) return [];
  const points: [number, number][] = [[0, 0]];
  let hits = 0;
  for (let place = 0; place < order.length; place++) {
    hits += isPositive[place] ?? 0;
    if (endsTie[place] === 1) points.push([(place + 1 - hits) / negatives, hits / positives]);
  }
  if (points.length <= most) return points;
  return Array.from(
    { length: most },
    (_, index) => points[Math.round((index * (points.length - 1)) / (most - 1))] ?? [0, 0],
  );
}

const meanOfMeasured = (values: readonly number[]) => {
  const measured = values.filter((value) => !Number.isNaN(value));
  return measured.reduce((sum, value) => sum + value, 0) / measured.length;
};

/**
 * Areas of a classification: of two classes that of the second, the positive one; of more the mean of each class
 * against the rest (macro), over the classes that occur.
 */
export function curveFigures(ranked: readonly Ranked[], counts?: Counts): Record<string, number> {
  const relevant = ranked.length === 2 ? ranked.slice(1) : ranked;
  const areas = relevant.map((each) => areasUnder(each, counts));
  return {
    roc_auc: meanOfMeasured(areas.map(({ roc }) => roc)),
    pr_auc: meanOfMeasured(areas.map(({ pr }) => pr)),
  };
}
