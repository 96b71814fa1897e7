import { normalTail } from './normal.ts';

export interface RankComparison {
  /** Standard normal when both samples come from one distribution; positive when the first is greater. */
  z: number;
  /** Chance of such a `z` or a greater one. */
  pValue: number;
  /** Chance that a value of the first is greater than one of the second, equal ones counting half. */
  greater: number;
}

/**
 * One-sided Mann-Whitney test of whether values of the first sample tend to be greater than those of the second, by the
 * normal distribution with corrections for ties and continuity.
 *
 * Source: Mann & Whitney (1947), "On a test of whether one of two random variables is stochastically larger than the
 * other", Annals of Mathematical Statistics 18(1).
 */
export function mannWhitneyGreater(first: readonly number[], second: readonly number[]): RankComparison {
  const [n, m] = [first.length, second.length];
  if (n === 0 || m === 0) return { z: 0, pValue: 1, greater: 0.5 };
  const all = Float64Array.from([...first, ...second]).sort();
  const total = n + m;
  const rankOf = new Map<number, number>();
  let ties = 0;
  for (let start = 0; start < total; ) {
    const value = all[start] ?? Number.NaN;
    let end = start;
    while (end < total && all[end] === value) end += 1;
    const size = end - start;
    rankOf.set(value, start + (size + 1) / 2);
    ties += size ** 3 - size;
    start = end;
  }
  const rankSum = first.reduce((sum, value) => sum + (rankOf.get(value) ?? 0), 0);
  const wins = rankSum - (n * (n + 1)) / 2;
  const spread = Math.sqrt(((n * m) / 12) * (total + 1 - ties / (total * (total - 1))));
  const greater = wins / (n * m);
  if (!(spread > 0)) return { z: 0, pValue: 1, greater };
  const z = (wins - (n * m) / 2 - 0.5) / spread;
  return { z, pValue: normalTail(z), greater };
}
