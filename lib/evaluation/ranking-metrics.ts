import { rankingCutoffs } from '../model/metric-names.ts';
import type { Counts } from './classification-metrics.ts';
import { countedMean } from './probability-metrics.ts';

/** Each row as a query with one right category among all, ranked by falling score. */
export interface Rankings {
  categories: number;
  byCutoff: readonly {
    cutoff: number;
    ndcg: Float64Array;
    recall: Float64Array;
    /** The best categories of each row, `kept` for each. */
    best: Int32Array;
    kept: number;
  }[];
}

const discount = (place: number) => 1 / Math.log2(place + 2);

/** Gain and hit of a right category that shares places [above, above + tied) with others, averaged over them. */
function expected(above: number, tied: number, cutoff: number): { ndcg: number; hit: number } {
  let gain = 0;
  for (let place = above; place < Math.min(above + tied, cutoff); place++) gain += discount(place);
  return { ndcg: gain / tied, hit: Math.min(1, Math.max(0, (cutoff - above) / tied)) };
}

/** Precomputes what each row adds to the figures. */
export function rankCategories(
  truth: readonly number[],
  scores: readonly (readonly number[])[],
  categories: number,
): Rankings {
  const rows = truth.length;
  const byCutoff = rankingCutoffs.map((cutoff) => ({
    cutoff,
    ndcg: new Float64Array(rows),
    recall: new Float64Array(rows),
    kept: Math.min(cutoff, categories),
    best: new Int32Array(rows * Math.min(cutoff, categories)),
  }));
  for (const [row, line] of scores.entries()) {
    const right = line[truth[row] ?? -1] ?? Number.NaN;
    const above = line.filter((score) => score > right).length;
    const tied = line.filter((score) => score === right).length;
    const order = line.map((_, category) => category).sort((a, b) => (line[b] ?? 0) - (line[a] ?? 0));
    for (const { cutoff, ndcg, recall, best, kept } of byCutoff) {
      const { ndcg: gain, hit } = expected(above, tied, cutoff);
      ndcg[row] = gain;
      recall[row] = hit;
      best.set(order.slice(0, kept), row * kept);
    }
  }
  return { categories, byCutoff };
}

/**
 * For each cut-off k: normalised discounted cumulative gain and recall among the k best categories (means over the rows,
 * ties averaged), and coverage, the share of all categories that are among the k best of any row.
 *
 * Source: Järvelin, Kekäläinen 2002; equal to scikit-learn's ndcg_score, and to top_k_accuracy_score without ties.
 * Coverage: Herlocker et al. 2004 (catalogue coverage).
 */
export function rankingFigures({ categories, byCutoff }: Rankings, counts?: Counts): Record<string, number> {
  const figures: Record<string, number> = {};
  for (const { cutoff, ndcg, recall, best, kept } of byCutoff) {
    const isSeen = new Uint8Array(categories);
    for (let row = 0; row < ndcg.length; row++) {
      if (counts && counts[row] === 0) continue;
      for (let place = row * kept; place < (row + 1) * kept; place++) isSeen[best[place] ?? 0] = 1;
    }
    figures[`ndcg_at_${cutoff}`] = countedMean(ndcg, counts);
    figures[`recall_at_${cutoff}`] = countedMean(recall, counts);
    figures[`coverage_at_${cutoff}`] = isSeen.reduce((sum, each) => sum + each, 0) / categories;
  }
  return figures;
}
