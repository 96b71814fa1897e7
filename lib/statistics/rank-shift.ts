import { normalTail } from './normal.ts';

export interface RankShift {
  /** Standard normal when both samples come from one distribution; positive when the second is greater. */
  z: number;
  /** Chance of such a `z`, or one as far on the other side. */
  pValue: number;
}

/**
 * Two-sided Mann-Whitney test of two histograms over the same bins, in their order, by the normal distribution with the
 * correction for ties: values of one bin count as equal. Of moved numbers it needs a twentieth more rows than the test of
 * their means, where Kolmogorov-Smirnov's needs half as many again.
 *
 * Source: Mann & Whitney (1947), "On a test of whether one of two random variables is stochastically larger than the
 * other", Annals of Mathematical Statistics 18(1); Lehmann (1975), "Nonparametrics", for ties.
 */
export function rankShift(first: readonly number[], second: readonly number[]): RankShift {
  const sum = (counts: readonly number[]) => counts.reduce((total, count) => total + count, 0);
  const [n, m] = [sum(first), sum(second)];
  const all = n + m;
  let [below, wins, ties] = [0, 0, 0];
  for (const [bin, count] of first.entries()) {
    const other = second[bin] ?? 0;
    wins += other * (below + count / 2);
    below += count;
    ties += (count + other) ** 3 - (count + other);
  }
  const spread = Math.sqrt(((n * m) / 12) * (all + 1 - ties / (all * (all - 1))));
  if (n === 0 || m === 0 || !(spread > 0)) return { z: 0, pValue: 1 };
  const z = (wins - (n * m) / 2) / spread;
  return { z, pValue: Math.min(1, 2 * normalTail(Math.abs(z))) };
}
