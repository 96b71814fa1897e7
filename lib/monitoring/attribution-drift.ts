import type { Explanation } from '../training/explanation.ts';

/** Mean size of a feature's contribution, by feature. */
export type Attributions = Readonly<Record<string, number>>;

export interface AttributionDrift {
  verdict: 'changed' | 'same' | 'not available';
  reason: string;
  /** Live rows that were explained. */
  sample: number;
  /** How well the live order of the features agrees with that of training; 1 is the same order. */
  agreement: number | null;
  features: { feature: string; trained: number; live: number; trainedRank: number; liveRank: number }[];
}

/** Below it AWS calls a drift of attributions one, too. */
const leastAgreement = 0.9;
export const leastExplained = 20;

const unavailable = (reason: string, sample = 0): AttributionDrift => ({
  verdict: 'not available',
  reason,
  sample,
  agreement: null,
  features: [],
});

/** Mean sizes over the golden rows, found in training on the scale of the version's answers. */
export function trainedAttributions({ reference }: Explanation): Attributions {
  const sums: Record<string, number> = {};
  for (const { contributions } of reference.golden) {
    for (const [feature, value] of Object.entries(contributions)) {
      sums[feature] = (sums[feature] ?? 0) + Math.abs(value) / reference.golden.length;
    }
  }
  return sums;
}

function ranksOf(attributions: Attributions): Map<string, number> {
  const sorted = Object.entries(attributions).sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1));
  return new Map(sorted.map(([feature], place) => [feature, place + 1]));
}

/** Normalised discounted cumulative gain of the features in one order, the trained sizes being the gains. */
function agreementOf(trained: Attributions, ranks: ReadonlyMap<string, number>): number {
  const ideal = ranksOf(trained);
  const gain = (order: ReadonlyMap<string, number>) =>
    Object.entries(trained).reduce(
      (total, [feature, size]) => total + size / Math.log2((order.get(feature) ?? order.size) + 1),
      0,
    );
  const best = gain(ideal);
  return best === 0 ? 1 : gain(ranks) / best;
}

/**
 * Whether other features decide live answers than decided those in training.
 *
 * Source: Järvelin & Kekäläinen (2002), "Cumulated gain-based evaluation of IR techniques"; as the monitor of feature
 * attribution drift of Amazon SageMaker Clarify, with its limit.
 *
 * @param live Mean sizes over live rows, or why there are none.
 */
export function judgeAttributions(
  trained: Attributions,
  live: { means: Attributions; sample: number } | { reason: string },
): AttributionDrift {
  if ('reason' in live) return unavailable(live.reason);
  const { means, sample } = live;
  if (sample < leastExplained) {
    return unavailable(`${sample} live rows could be explained; ${leastExplained} are needed`, sample);
  }
  const [trainedRanks, liveRanks] = [ranksOf(trained), ranksOf(means)];
  const agreement = agreementOf(trained, liveRanks);
  const features = [...trainedRanks].map(([feature, trainedRank]) => ({
    feature,
    trained: trained[feature] ?? 0,
    live: means[feature] ?? 0,
    trainedRank,
    liveRank: liveRanks.get(feature) ?? liveRanks.size,
  }));
  const isChanged = agreement < leastAgreement;
  const [first] = [...liveRanks.keys()];
  const reason = `the order of the features agrees with that of training by ${agreement.toFixed(3)} (limit ${leastAgreement}) in ${sample} rows; ${first} decides most`;
  return { verdict: isChanged ? 'changed' : 'same', reason, sample, agreement, features };
}
