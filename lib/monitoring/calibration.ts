import { chiSquareTail } from '../statistics/chi-square.ts';
import { type AnswerReference, sum } from './answer-reference.ts';

export type CalibrationCurve = NonNullable<
  Extract<AnswerReference, { kind: 'classification' }>['calibration']
>;

export interface Calibration {
  verdict: 'calibrated' | 'miscalibrated' | 'unknown';
  reason: string;
}

/** Expected counts below which the distribution of chi-square is not the one that is taken. */
const leastVariance = 5;
const significance = 0.01;
/** A gap between scores and truth that is proven, and too small to matter. */
const leastGap = 0.02;

interface Group {
  rows: number;
  right: number;
  expected: number;
  variance: number;
}

/** Neighbouring bins together until each group has enough rows that could have gone either way. */
function groupBins(curve: CalibrationCurve): Group[] {
  const groups: Group[] = [];
  let open: Group = { rows: 0, right: 0, expected: 0, variance: 0 };
  for (const { rows, confidence, accuracy } of curve) {
    const p = Math.min(1, confidence ?? 0);
    open = {
      rows: open.rows + rows,
      right: open.right + rows * (accuracy ?? 0),
      expected: open.expected + rows * p,
      variance: open.variance + rows * p * (1 - p),
    };
    if (open.variance < leastVariance) continue;
    groups.push(open);
    open = { rows: 0, right: 0, expected: 0, variance: 0 };
  }
  const last = groups.pop();
  if (!last) return [];
  groups.push({
    rows: last.rows + open.rows,
    right: last.right + open.right,
    expected: last.expected + open.expected,
    variance: last.variance + open.variance,
  });
  return groups;
}

/**
 * Whether the greatest score of a row is the chance that its label is right, by the held-out rows.
 *
 * Source: Hosmer & Lemeshow (1980), "Goodness of fit tests for the multiple logistic regression model", with bins of
 * equal width; no parameter was fitted to these rows, so every group is a degree of freedom.
 */
export function judgeCalibration(curve: CalibrationCurve): Calibration {
  const groups = groupBins(curve);
  if (groups.length === 0) {
    return { verdict: 'unknown', reason: 'the held-out rows are too few to see whether scores are true' };
  }
  const rows = sum(groups.map((group) => group.rows));
  const statistic = sum(groups.map(({ right, expected, variance }) => (right - expected) ** 2 / variance));
  const gap = sum(groups.map(({ right, expected }) => Math.abs(right - expected))) / rows;
  const isProven = chiSquareTail(statistic, groups.length) < significance;
  const shown = `scores of the held-out rows miss the truth by ${(gap * 100).toFixed(1)} points`;
  return isProven && gap >= leastGap
    ? { verdict: 'miscalibrated', reason: shown }
    : { verdict: 'calibrated', reason: shown };
}
