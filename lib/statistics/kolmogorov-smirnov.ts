export interface DistributionDistance {
  /** Greatest difference of the two cumulative shares, 0 to 1. */
  distance: number;
  /** Chance of such a distance when both samples come from one distribution. */
  pValue: number;
}

/**
 * Two-sample Kolmogorov-Smirnov test of two histograms over the same bins, in their order.
 *
 * Between two edges the distance may be greater than at them: what is found here is a lower bound of it, and the p value
 * an upper bound.
 *
 * Source: Smirnov (1948), "Table for estimating the goodness of fit of empirical distributions", with its asymptotic
 * distribution.
 */
export function kolmogorovSmirnov(first: readonly number[], second: readonly number[]): DistributionDistance {
  const n = first.reduce((sum, count) => sum + count, 0);
  const m = second.reduce((sum, count) => sum + count, 0);
  if (n === 0 || m === 0) return { distance: 0, pValue: 1 };
  let [below, belowToo, distance] = [0, 0, 0];
  for (const [bin, count] of first.entries()) {
    below += count;
    belowToo += second[bin] ?? 0;
    distance = Math.max(distance, Math.abs(below / n - belowToo / m));
  }
  return { distance, pValue: kolmogorovTail(distance * Math.sqrt((n * m) / (n + m))) };
}

/** The chance that Kolmogorov's statistic is greater than `value`. */
export function kolmogorovTail(value: number): number {
  if (value < 0.2) return 1;
  // Below 1 the other form of the series (theta inversion) converges faster.
  if (value < 1) {
    const base = (Math.PI * Math.PI) / (8 * value * value);
    const terms = [1, 3, 5, 7].map((odd) => Math.exp(-odd * odd * base));
    return 1 - (Math.sqrt(2 * Math.PI) / value) * terms.reduce((sum, term) => sum + term, 0);
  }
  const terms = [1, 2, 3, 4, 5].map((k) => (k % 2 === 1 ? 1 : -1) * Math.exp(-2 * k * k * value * value));
  return 2 * terms.reduce((sum, term) => sum + term, 0);
}
