import { logGamma } from './chi-square.ts';

/** So many of so many. */
export interface Share {
  hits: number;
  trials: number;
}

const logChoose = (n: number, k: number) => logGamma(n + 1) - logGamma(k + 1) - logGamma(n - k + 1);

/**
 * Exact one-sided test of two shares: the chance, when both are the same, of at least so many hits on the first side.
 * It holds for samples of any size and for no hits at all.
 *
 * Source: Fisher (1922), "On the interpretation of chi-square from contingency tables".
 */
export function fisherGreater(first: Share, second: Share): number {
  const hits = first.hits + second.hits;
  const all = logChoose(first.trials + second.trials, hits);
  const most = Math.min(hits, first.trials);
  const least = Math.max(0, hits - second.trials);
  const mode = ((hits + 1) * (first.trials + 1)) / (first.trials + second.trials + 2);
  let sum = 0;
  for (let k = Math.max(first.hits, least); k <= most; k += 1) {
    const chance = Math.exp(logChoose(first.trials, k) + logChoose(second.trials, hits - k) - all);
    sum += chance;
    // Beyond the mode chances only fall.
    if (k > mode && chance < sum * Number.EPSILON) break;
  }
  return Math.min(1, sum);
}
