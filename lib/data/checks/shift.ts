import { chiSquareHomogeneity } from '../../statistics/chi-square.ts';
import { kolmogorovSmirnov } from '../../statistics/kolmogorov-smirnov.ts';
import { populationStability } from '../../statistics/psi.ts';
import type { ColumnProfile } from '../dataset.ts';
import { binsOf } from '../profile-bins.ts';

export interface ShiftLimits {
  psi: number;
  distance: number;
  leastSample: number;
}

export interface Shift {
  verdict: 'stable' | 'shifted' | 'not-judged';
  psi: number | null;
  /** Kolmogorov-Smirnov distance of numbers and lengths, Cramér's V of categories. */
  distance: number | null;
  pValue: number | null;
  reason: string;
}

/** Of columns that are judged together one in a thousand may be called shifted by chance. */
const falseAlarms = 0.001;

const shown = (value: number) => String(Number(value.toPrecision(3)));

/**
 * Whether a column is distributed otherwise than in an earlier dataset.
 *
 * It is when one of two measures passes both its limit and what chance reaches with so many rows: PSI its 0.999 quantile
 * under no change; KS (numbers) or chi-square (categories) a p value of a thousandth shared among the columns.
 *
 * @param counts Of the new rows over the bins of `earlier`; undefined for categories, which have their names.
 */
export function judgeShift(
  earlier: ColumnProfile,
  later: ColumnProfile,
  counts: readonly number[] | undefined,
  limits: ShiftLimits,
  columns: number,
): Shift {
  const rows = Math.min(earlier.count + earlier.missing, later.count + later.missing);
  const none = { psi: null, distance: null, pValue: null };
  if (earlier.type !== later.type) {
    return { verdict: 'not-judged', ...none, reason: 'it had another type then' };
  }
  if (rows < limits.leastSample) {
    return { verdict: 'not-judged', ...none, reason: `${rows} rows; ${limits.leastSample} are needed` };
  }
  const onBins = later.type === 'categorical' ? later : { ...later, counts: [...(counts ?? [])] };
  const bins = binsOf(earlier, onBins);
  const [then, now] = [bins.map(({ frozen }) => frozen), bins.map(({ live }) => live)];
  const { psi, chance } = populationStability(then, now);
  const isCategorical = earlier.type === 'categorical';
  const test = isCategorical
    ? chiSquareHomogeneity(then, now)
    : // Missing values have no place in an order; PSI counts them.
      kolmogorovSmirnov(then.slice(0, -1), now.slice(0, -1));
  const distance = 'effect' in test ? test.effect : test.distance;
  const isByPsi = psi > limits.psi && psi > chance;
  const isByTest = distance > limits.distance && test.pValue < falseAlarms / columns;
  const name = isCategorical ? "Cramér's V" : 'KS distance';
  const reason = `PSI ${shown(psi)} (limit ${limits.psi}, chance ${shown(chance)}), ${name} ${shown(distance)} (limit ${limits.distance}, p = ${shown(test.pValue)})`;
  const verdict = isByPsi || isByTest ? 'shifted' : 'stable';
  return { verdict, psi, distance, pValue: test.pValue, reason };
}
