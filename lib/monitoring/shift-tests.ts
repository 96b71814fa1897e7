import type { Bin } from '../data/profile-bins.ts';
import { chiSquareHomogeneity } from '../statistics/chi-square.ts';
import { fisherExact } from '../statistics/fisher-exact.ts';
import { kolmogorovSmirnov } from '../statistics/kolmogorov-smirnov.ts';
import { populationStability } from '../statistics/psi.ts';
import { rankShift } from '../statistics/rank-shift.ts';

/** A reference and what is live, counted over the same bins. */
export interface Comparison {
  /** Whether the bins have an order, as those of numbers. */
  isOrdered: boolean;
  /** Values that the reference knows. */
  values: Bin[];
  /** Bins of which each is tested exactly against all others: unseen values, no value at all, wrong answers. */
  gaps: { name: 'unseen' | 'missing' | 'wrong'; bin: Bin }[];
}

/** How much must change before it counts. */
export interface ShiftLimits {
  psi: number;
  distance: number;
  share: number;
  missing: number;
}

export type ShiftMeasure = 'psi' | 'distance' | 'share';

export interface ShiftTest {
  test: 'kolmogorov-smirnov' | 'mann-whitney' | 'chi-square' | 'unseen' | 'missing' | 'wrong';
  measure: ShiftMeasure;
  /** How much changed, beside how much must. */
  effect: number;
  limit: number;
  /** Chance of such a difference when nothing changed. */
  pValue: number;
}

const total = (bins: readonly Bin[], side: 'frozen' | 'live') =>
  bins.reduce((sum, bin) => sum + bin[side], 0);

/** Expected counts below which the distribution of chi-square is not the one that is taken (Cochran 1954). */
const leastExpected = 5;

/** Bins so joined that each has enough expected counts in the smaller sample, the rarest first. */
export function joinRare(bins: readonly Bin[]): { frozen: number[]; live: number[] } {
  const [n, m] = [total(bins, 'frozen'), total(bins, 'live')];
  const smaller = Math.min(n, m) / (n + m);
  const cells = bins.map(({ frozen, live }) => ({ frozen, live })).filter((bin) => bin.frozen + bin.live > 0);
  cells.sort((a, b) => a.frozen + a.live - (b.frozen + b.live));
  while (cells.length > 1) {
    const [rarest, next] = cells;
    if (!rarest || !next || (rarest.frozen + rarest.live) * smaller >= leastExpected) break;
    cells.splice(0, 2, { frozen: rarest.frozen + next.frozen, live: rarest.live + next.live });
    cells.sort((a, b) => a.frozen + a.live - (b.frozen + b.live));
  }
  return { frozen: cells.map(({ frozen }) => frozen), live: cells.map(({ live }) => live) };
}

function greatestShareChange(bins: readonly Bin[]): number {
  const [n, m] = [total(bins, 'frozen'), total(bins, 'live')];
  return n === 0 || m === 0
    ? 0
    : Math.max(0, ...bins.map(({ frozen, live }) => Math.abs(live / m - frozen / n)));
}

/** The measure that is further past its limit. */
function further(a: Pick<ShiftTest, 'measure' | 'effect' | 'limit'>, b: typeof a) {
  return b.effect / b.limit > a.effect / a.limit ? b : a;
}

/** The index over all bins, of values as of gaps; null without anything to compare. */
export function stabilityOf({ values, gaps }: Comparison): number | null {
  const bins = [...values, ...gaps.map(({ bin }) => bin)];
  if (total(bins, 'frozen') === 0 || total(bins, 'live') === 0) return null;
  const { psi } = populationStability(
    bins.map(({ frozen }) => frozen),
    bins.map(({ live }) => live),
  );
  return psi;
}

/**
 * The tests of one distribution, each with how much changed.
 *
 * Chi-square says whether a population stability index, or a share's change, is more than chance: to first order the
 * index is its statistic, and chi-square keeps its level in small samples. Kolmogorov-Smirnov's distance says how far a
 * number moved; ranks (Mann and Whitney) prove that it did with fewer rows. Shares near 0, of missing and of unseen values, are tested exactly.
 */
export function shiftTests(comparison: Comparison, limits: ShiftLimits): ShiftTest[] {
  const { isOrdered, values, gaps } = comparison;
  const tests: ShiftTest[] = [];
  const [n, m] = [total(values, 'frozen'), total(values, 'live')];
  if (n > 0 && m > 0 && values.length > 1) {
    const joined = joinRare(values);
    const { psi } = populationStability(
      values.map(({ frozen }) => frozen),
      values.map(({ live }) => live),
    );
    const ofPsi = { measure: 'psi', effect: psi, limit: limits.psi } as const;
    const ofShare = {
      measure: 'share',
      effect: greatestShareChange(values),
      limit: limits.share,
    } as const;
    tests.push({
      test: 'chi-square',
      ...(isOrdered ? ofPsi : further(ofPsi, ofShare)),
      pValue: chiSquareHomogeneity(joined.frozen, joined.live).pValue,
    });
    if (isOrdered) {
      const sides = [values.map(({ frozen }) => frozen), values.map(({ live }) => live)] as const;
      const { distance, pValue } = kolmogorovSmirnov(...sides);
      const moved = { measure: 'distance', effect: distance, limit: limits.distance } as const;
      tests.push(
        { test: 'kolmogorov-smirnov', ...moved, pValue },
        { test: 'mann-whitney', ...moved, pValue: rankShift(...sides).pValue },
      );
    }
  }
  const [all, allLive] = [values, gaps.map(({ bin }) => bin)].reduce(
    ([frozen, live], bins) => [frozen + total(bins, 'frozen'), live + total(bins, 'live')] as const,
    [0, 0] as readonly [number, number],
  );
  for (const { name, bin } of gaps) {
    // Without a single one on either side there is nothing to test, whatever the samples are.
    if (bin.frozen + bin.live === 0 || all === 0 || allLive === 0) continue;
    tests.push({
      test: name,
      measure: 'share',
      effect: Math.abs(bin.live / allLive - bin.frozen / all),
      limit: name === 'wrong' ? limits.share : limits.missing,
      pValue: fisherExact({ hits: bin.frozen, trials: all }, { hits: bin.live, trials: allLive }),
    });
  }
  return tests;
}
