/** A distribution change and what chance alone could make of it. */
export interface Stability {
  /** Population stability index; 0 means the same distribution. */
  psi: number;
  /** The index that two samples of these sizes from one distribution exceed about once in a thousand times. */
  chance: number;
}

/** Standard normal quantile of 0.999. */
const z999 = 3.090232306167813;

/** Half a count for each bin: the Jeffreys prior of a multinomial. It keeps empty bins from making the index infinite. */
const epsilon = 0.5;

/**
 * Approximate 0.999 quantile of the chi-square distribution, within 4 % for one degree of freedom, 3 % for more.
 *
 * Source: Wilson & Hilferty (1931), "The distribution of chi-square", PNAS 17(12).
 */
export function chiSquareQuantile999(degreesOfFreedom: number): number {
  const spread = 2 / (9 * degreesOfFreedom);
  return degreesOfFreedom * (1 - spread + z999 * Math.sqrt(spread)) ** 3;
}

/**
 * Population stability index of two histograms over the same bins: the sum over bins of (q - p) ln(q / p), the
 * symmetric form of the Kullback-Leibler divergence. Shares are smoothed by half a count; bins that are empty on both
 * sides do not count as bins.
 *
 * With k bins and no change the index is distributed as (1/n + 1/m) times chi-square with k - 1 degrees of freedom, so
 * a small sample passes any fixed limit by chance; `chance` is that bound.
 *
 * @param frozen Counts, not negative.
 * @param live Counts over the same bins.
 *
 * Source: Yurdakul & Naranjo (2020), "Statistical properties of the population stability index", Journal of Risk Model
 * Validation 14(4); Kullback & Leibler (1951), "On information and sufficiency", for the divergence.
 */
export function populationStability(frozen: number[], live: number[]): Stability {
  const bins = frozen
    .map((count, index) => ({ frozen: count, live: live[index] ?? 0 }))
    .filter((bin) => bin.frozen + bin.live > 0);
  const totalFrozen = bins.reduce((sum, bin) => sum + bin.frozen, 0);
  const totalLive = bins.reduce((sum, bin) => sum + bin.live, 0);
  if (bins.length < 2 || totalFrozen === 0 || totalLive === 0) return { psi: 0, chance: 0 };

  const smoothing = epsilon * bins.length;
  const psi = bins.reduce((sum, bin) => {
    const p = (bin.frozen + epsilon) / (totalFrozen + smoothing);
    const q = (bin.live + epsilon) / (totalLive + smoothing);
    return sum + (q - p) * Math.log(q / p);
  }, 0);
  return { psi, chance: (1 / totalFrozen + 1 / totalLive) * chiSquareQuantile999(bins.length - 1) };
}
