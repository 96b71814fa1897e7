import { logGamma } from './chi-square.ts';

/** So many of so many: a share with its sample. */
export interface Hits {
  hits: number;
  trials: number;
}

const logChoose = (n: number, k: number) => logGamma(n + 1) - logGamma(k + 1) - logGamma(n - k + 1);

/** Rounding may not part tables that are equally likely. */
const tolerance = 1e-7;

/**
 * Exact two-sided test of whether a share is the same in two samples: the chance, when it is, of a table that is no more
 * likely than this one. It holds for shares of 0 and for samples of any size, where chi-square does not.
 *
 * Source: Fisher (1922), "On the interpretation of chi-square from contingency tables"; as SciPy's fisher_exact.
 */
export function fisherExact(first: Hits, second: Hits): number {
  const [n, m, hits] = [first.trials, second.trials, first.hits + second.hits];
  const [least, most] = [Math.max(0, hits - m), Math.min(hits, n)];
  const all = logChoose(n + m, hits);
  const chanceOf = (k: number) => Math.exp(logChoose(n, k) + logChoose(m, hits - k) - all);
  const outwards = (from: number, step: 1 | -1): number => {
    let sum = 0;
    for (let k = from; k >= least && k <= most; k += step) {
      const chance = chanceOf(k);
      sum += chance;
      if (chance < sum * Number.EPSILON) break;
    }
    return sum;
  };
  const mode = Math.floor(((hits + 1) * (n + 1)) / (n + m + 2));
  const step = first.hits < mode ? -1 : 1;
  const seen = chanceOf(first.hits) * (1 + tolerance);
  // Chances fall on either side of the mode: the other tail begins at its first table that is no more likely.
  let [inside, outside] = [mode, step === 1 ? least - 1 : most + 1];
  while (Math.abs(inside - outside) > 1) {
    const middle = Math.trunc((inside + outside) / 2);
    if (chanceOf(middle) > seen) inside = middle;
    else outside = middle;
  }
  if (chanceOf(mode) <= seen) return 1;
  return Math.min(1, outwards(first.hits, step) + outwards(outside, step === 1 ? -1 : 1));
}
