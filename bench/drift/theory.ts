import { binomialTail } from '../../lib/statistics/binomial-tail.ts';
import { fisherExact } from '../../lib/statistics/fisher-exact.ts';
import { normalQuantile } from '../../lib/statistics/normal.ts';

/* The live rows with which the best test of a change finds it in 90 of 100 cases, for a level and a reference of some size. */

const missed = 0.1;

/** The two-sided test of two means, of a number with the spread 1. */
export function rowsForMean(change: number, reference: number, level: number): number {
  const errors = normalQuantile(level / 2) + normalQuantile(missed);
  return 1 / ((change / errors) ** 2 - 1 / reference);
}

/** The two-sided test of two shares; of a share that was 0 the exact one, since its counts are small. */
export function rowsForShare(before: number, after: number, reference: number, level: number): number {
  for (let rows = 10; ; rows += 1) {
    const finds =
      before === 0
        ? findsFromNone(after, rows, reference, level)
        : finding(before, after, rows, reference, level);
    if (finds >= 1 - missed) return rows;
  }
}

function findsFromNone(after: number, rows: number, reference: number, level: number): number {
  let hits = 1;
  while (fisherExact({ hits: 0, trials: reference }, { hits, trials: rows }) > level) hits += 1;
  return 1 - binomialTail(hits - 1, rows, after);
}

/** Source: Fleiss, Levin & Paik (2003), "Statistical methods for rates and proportions", chapter 4. */
function finding(before: number, after: number, rows: number, reference: number, level: number): number {
  const spread = (share: number) => share * (1 - share);
  const pooled = (before * reference + after * rows) / (reference + rows);
  const asTested = normalQuantile(level / 2) * Math.sqrt(spread(pooled) * (1 / reference + 1 / rows));
  const asItIs = Math.sqrt(spread(before) / reference + spread(after) / rows);
  const beyond = (Math.abs(after - before) - asTested) / asItIs;
  return beyond >= normalQuantile(missed) ? 1 - missed : 0;
}
