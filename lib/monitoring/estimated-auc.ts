import type { CalibrationCurve } from './calibration.ts';
import { type AnswerCounts, scoreUnit } from './traffic-profile.ts';

export interface EstimatedAuc {
  value: number;
  /** Where the area of these rows lies in 95 of 100 cases, when the scores are true. */
  interval: [number, number];
}

const z975 = 1.959963984540054;
/** Rows of each class, as expected, below which the area is not about normal. */
const leastOfClass = 5;

/**
 * The area under the ROC curve that live answers of two classes have when their scores are true: each row is of the one
 * class as far as its score says, and of the other for the rest. Null where it cannot be told, as where nearly all rows
 * are of one class.
 *
 * Scores are known by bins that are narrow in log odds; rows of one bin count as equal. The band is that of the area's
 * linear part in the labels (its influence function), and of how well the held-out rows know the scores to be true.
 *
 * Source: confidence-based performance estimation of NannyML (Białek et al. 2024, arXiv 2401.08348), for the expected
 * counts; DeLong, DeLong & Clarke-Pearson (1988), Biometrics 44(3), for the parts of the area.
 *
 * @param ranks Bins of the score in ascending order, of all rows of `sample`.
 */
export function estimateAuc(
  ranks: AnswerCounts['ranks'],
  sample: number,
  calibration: CalibrationCurve,
): EstimatedAuc | null {
  const bins = ranks
    .filter(({ rows }) => rows > 0)
    .map(({ rows, score }) => {
      const own = Math.min(rows, score / scoreUnit);
      return { rows, own, others: rows - own };
    });
  const total = bins.reduce((sum, { rows }) => sum + rows, 0);
  const own = bins.reduce((sum, bin) => sum + bin.own, 0);
  const others = total - own;
  // Hours that an earlier release counted have no bins: a part of the rows is no estimate of all.
  if (total !== sample || Math.min(own, others) < leastOfClass) return null;
  let [othersBelow, ownBelow] = [0, 0];
  const placed = bins.map((bin) => {
    const below = (othersBelow + bin.others / 2) / others;
    const above = 1 - (ownBelow + bin.own / 2) / own;
    othersBelow += bin.others;
    ownBelow += bin.own;
    return { ...bin, below, above };
  });
  const value = placed.reduce((sum, bin) => sum + bin.own * bin.below, 0) / own;
  const byConfidence = new Map<number, number>();
  let variance = 0;
  for (const bin of placed) {
    const influence = (bin.below - value) / own - (bin.above - value) / others;
    const chance = bin.own / bin.rows;
    variance += bin.rows * chance * (1 - chance) * influence ** 2;
    // Scores of one bin of the curve are wrong together, towards the label that is answered or away from it.
    const confidence = Math.max(chance, 1 - chance);
    const place = Math.min(
      calibration.length - 1,
      Math.max(0, Math.ceil(confidence * calibration.length) - 1),
    );
    const towards = chance >= 0.5 ? 1 : -1;
    byConfidence.set(place, (byConfidence.get(place) ?? 0) + towards * bin.rows * influence);
  }
  for (const [place, sum] of byConfidence) {
    const { rows = 0, confidence = null } = calibration[place] ?? {};
    const p = confidence ?? 0.5;
    variance += (sum ** 2 * p * (1 - p)) / Math.max(1, rows);
  }
  const spread = z975 * Math.sqrt(variance);
  return { value, interval: [Math.max(0, value - spread), Math.min(1, value + spread)] };
}
