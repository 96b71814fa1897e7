import type { Counts } from './classification-metrics.ts';

/** Negative natural logarithm of the true class's score of each row, clipped to the machine precision. */
export function logLosses(truth: readonly number[], scores: readonly (readonly number[])[]): Float64Array {
  return Float64Array.from(truth, (actual, row) => {
    const score = scores[row]?.[actual] ?? Number.NaN;
    return -Math.log(Math.min(1 - Number.EPSILON, Math.max(Number.EPSILON, score)));
  });
}

/**
 * Squared distance of the scores from the truth of each row; of two classes the half of it, so that it lies in [0, 1].
 *
 * Source: Brier, Monthly Weather Review 78, 1950; halved for two classes as scikit-learn's brier_score_loss.
 */
export function brierScores(truth: readonly number[], scores: readonly (readonly number[])[]): Float64Array {
  return Float64Array.from(truth, (actual, row) => {
    const line = scores[row] ?? [];
    const distance = line.reduce(
      (total, score, place) => total + (score - (place === actual ? 1 : 0)) ** 2,
      0,
    );
    return line.length === 2 ? distance / 2 : distance;
  });
}

/** Mean over the rows, each as often as it counts; NaN without any. */
export function countedMean(values: ArrayLike<number>, counts?: Counts): number {
  let total = 0;
  let rows = 0;
  for (let row = 0; row < values.length; row++) {
    const count = counts ? (counts[row] ?? 0) : 1;
    // A row that is not drawn must not spoil the sum with its NaN.
    if (count > 0) total += count * (values[row] ?? Number.NaN);
    rows += count;
  }
  return total / rows;
}

export const calibrationBins = 10;

/** The greatest score of each row, whether its label was right, and its bin of equal width: (0, 0.1], (0.1, 0.2], … */
export interface Confidences {
  bin: Int8Array;
  score: Float64Array;
  isRight: Uint8Array;
}

export function confidencesOf(truth: readonly number[], scores: readonly (readonly number[])[]): Confidences {
  const score = new Float64Array(truth.length);
  const isRight = new Uint8Array(truth.length);
  const bin = new Int8Array(truth.length);
  for (const [row, line] of scores.entries()) {
    const best = Math.max(...line);
    score[row] = best;
    isRight[row] = line.indexOf(best) === truth[row] ? 1 : 0;
    bin[row] = Math.min(calibrationBins - 1, Math.max(0, Math.ceil(best * calibrationBins) - 1));
  }
  return { bin, score, isRight };
}

/** Rows, mean greatest score and share of right answers of one bin; null without rows. */
export interface CalibrationBin {
  rows: number;
  confidence: number | null;
  accuracy: number | null;
}

export function calibrationCurve({ bin, score, isRight }: Confidences, counts?: Counts): CalibrationBin[] {
  const rows = new Float64Array(calibrationBins);
  const confidence = new Float64Array(calibrationBins);
  const right = new Float64Array(calibrationBins);
  for (let row = 0; row < bin.length; row++) {
    const count = counts ? (counts[row] ?? 0) : 1;
    const place = bin[row] ?? 0;
    rows[place] = (rows[place] ?? 0) + count;
    confidence[place] = (confidence[place] ?? 0) + count * (score[row] ?? 0);
    right[place] = (right[place] ?? 0) + count * (isRight[row] ?? 0);
  }
  return Array.from(rows, (n, place) => ({
    rows: n,
    confidence: n > 0 ? (confidence[place] ?? 0) / n : null,
    accuracy: n > 0 ? (right[place] ?? 0) / n : null,
  }));
}

/**
 * Expected calibration error: how far the greatest score is from the share of right answers, over ten bins of equal
 * width, each weighted by its rows.
 *
 * Source: Guo et al., "On Calibration of Modern Neural Networks", ICML 2017.
 */
export function calibrationError(confidences: Confidences, counts?: Counts): number {
  const bins = calibrationCurve(confidences, counts);
  const total = bins.reduce((sum, { rows }) => sum + rows, 0);
  const gaps = bins.map(
    ({ rows, confidence, accuracy }) => rows * Math.abs((confidence ?? 0) - (accuracy ?? 0)),
  );
  return gaps.reduce((sum, gap) => sum + gap, 0) / total;
}
