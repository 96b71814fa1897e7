import type { AnswerReference } from './answer-reference.ts';
import { type CalibrationCurve, judgeCalibration } from './calibration.ts';
import { type EstimatedAuc, estimateAuc } from './estimated-auc.ts';
import { type AnswerCounts, scoreUnit } from './traffic-profile.ts';

/** A labelled answer as far as its score goes. */
export interface ScoredAnswer {
  score: number | null;
  isRight: boolean;
}

export interface Reconciliation {
  /** Labelled rows with a score. */
  sample: number;
  /** Accuracy of these rows as it would have been estimated, and as it was. */
  estimated: number;
  actual: number;
  isContradicted: boolean;
}

export interface EstimatedQuality {
  verdict: 'ok' | 'low' | 'not trusted' | 'not enough data';
  reason: string;
  /** Rows with scores. */
  sample: number;
  accuracy: number | null;
  /** Where the accuracy of these rows lies in 95 of 100 cases, when the scores are true. */
  interval: [number, number] | null;
  f1: number | null;
  /** Area under the ROC curve; of two classes alone. */
  auc: EstimatedAuc | null;
  /** Why the estimate says nothing, each in a sentence. */
  doubts: string[];
  reconciliation: Reconciliation | null;
}

export interface EstimateLimits {
  /** Least accuracy; null when none is set. */
  limit: number | null;
  leastSample: number;
  /** Labels from which the estimate is held against the truth. */
  leastLabels: number;
}

/** Standard normal quantiles of 0.975 and 0.995. */
const [z975, z995] = [1.959963984540054, 2.5758293035489004];
/** A proven difference that is too small to matter. */
const leastGap = 0.02;
const leastHeldOut = 10;
const mostUnsupported = 0.1;

/** Macro F1 from the expected counts of right and wrong answers. */
function expectedF1({ expected, labels }: AnswerCounts): number {
  const classes = [...new Set([...Object.keys(labels), ...Object.values(expected).flatMap(Object.keys)])];
  const figures = classes.map((name) => {
    const hits = (expected[name]?.[name] ?? 0) / scoreUnit;
    const support = Object.values(expected).reduce((total, line) => total + (line[name] ?? 0), 0) / scoreUnit;
    const all = support + (labels[name] ?? 0);
    return all === 0 ? 0 : (2 * hits) / all;
  });
  return figures.reduce((total, figure) => total + figure, 0) / figures.length;
}

/** Variance of the estimate that comes from not knowing better how true the scores are. */
function calibrationVariance(curve: CalibrationCurve, live: AnswerCounts, rows: number): number {
  return curve.reduce((total, bin, place) => {
    const weight = (live.confidences[place]?.rows ?? 0) / rows;
    const p = bin.confidence ?? 0.5;
    return total + (weight * weight * p * (1 - p)) / Math.max(1, bin.rows);
  }, 0);
}

function reconcile(answers: readonly ScoredAnswer[], leastLabels: number): Reconciliation | null {
  const scored = answers.flatMap(({ score, isRight }) => (score === null ? [] : [{ score, isRight }]));
  const sample = scored.length;
  if (sample === 0) return null;
  const estimated = scored.reduce((total, { score }) => total + score, 0) / sample;
  const actual = scored.filter(({ isRight }) => isRight).length / sample;
  const variance = scored.reduce((total, { score }) => total + score * (1 - score), 0) / sample ** 2;
  const difference = Math.abs(actual - estimated);
  const isProven = difference > z995 * Math.sqrt(variance) && difference >= leastGap;
  return { sample, estimated, actual, isContradicted: sample >= leastLabels && isProven };
}

const percent = (share: number) => `${(share * 100).toFixed(1)} %`;
const none = { accuracy: null, interval: null, f1: null, auc: null, reconciliation: null };

/**
 * The accuracy that live answers have when their scores are true: the mean score of the labels that were answered.
 *
 * It sees rows that are harder than before. It cannot see that the world means something else by the same rows; labels
 * can, and take the estimate's word away.
 *
 * Source: confidence-based performance estimation of NannyML (Białek et al. 2024, "Estimating model performance under
 * covariate shift without labels", arXiv 2401.08348); not calibrated anew: scores that are not true are said to be so.
 *
 * @param answers Labelled answers of the version, for the estimate to be held against.
 * @param isConceptDrifted Whether labels show that the same rows mean something else than in the evaluation.
 */
export function estimateQuality(
  reference: AnswerReference | null,
  live: AnswerCounts,
  answers: readonly ScoredAnswer[],
  { limit, leastSample, leastLabels }: EstimateLimits,
  isConceptDrifted: boolean,
): EstimatedQuality | null {
  if (reference?.kind !== 'classification') return null;
  const sample = live.confidences.reduce((total, bin) => total + bin.rows, 0);
  const { calibration } = reference;
  if (!calibration) {
    const reason = 'the version gives no scores, so nothing can be estimated without labels';
    return { verdict: 'not trusted', reason, sample, ...none, doubts: [reason] };
  }
  if (sample < leastSample) {
    const reason = `${sample} live rows with scores; ${leastSample} are needed`;
    return { verdict: 'not enough data', reason, sample, ...none, doubts: [] };
  }
  const right = Object.entries(live.expected).reduce((total, [label, line]) => total + (line[label] ?? 0), 0);
  const accuracy = right / scoreUnit / sample;
  const spread =
    z975 *
    Math.sqrt(live.variance / scoreUnit / sample ** 2 + calibrationVariance(calibration, live, sample));
  const interval: [number, number] = [Math.max(0, accuracy - spread), Math.min(1, accuracy + spread)];
  const reconciliation = reconcile(answers, leastLabels);
  const doubts = doubtsOf(calibration, live, sample, reconciliation, isConceptDrifted);
  const said = `accuracy is estimated at ${percent(accuracy)} (95 % between ${percent(interval[0])} and ${percent(interval[1])}) from the scores of ${sample} rows`;
  const auc = estimateAuc(live.ranks, sample, calibration);
  const found = { sample, accuracy, interval, f1: expectedF1(live), auc, doubts, reconciliation };
  if (doubts.length > 0) {
    return { verdict: 'not trusted', reason: `${said}; not to be trusted: ${doubts.join('; ')}`, ...found };
  }
  if (limit === null) return { verdict: 'ok', reason: `${said}; no limit is set`, ...found };
  // Below the limit whatever chance does: an estimate that may as well be above it calls nobody.
  const isLow = interval[1] < limit;
  return { verdict: isLow ? 'low' : 'ok', reason: `${said}; the limit is ${percent(limit)}`, ...found };
}

function doubtsOf(
  calibration: CalibrationCurve,
  live: AnswerCounts,
  sample: number,
  reconciliation: Reconciliation | null,
  isConceptDrifted: boolean,
): string[] {
  const doubts: string[] = [];
  const judged = judgeCalibration(calibration);
  if (judged.verdict !== 'calibrated') doubts.push(judged.reason);
  const unsupported = live.confidences.reduce(
    (total, { rows }, place) => total + ((calibration[place]?.rows ?? 0) < leastHeldOut ? rows : 0),
    0,
  );
  if (unsupported / sample > mostUnsupported) {
    const share = percent(unsupported / sample);
    doubts.push(`${share} of the scores lie where fewer than ${leastHeldOut} held-out rows did`);
  }
  if (isConceptDrifted) doubts.push('labels show that the same rows mean something else now');
  if (reconciliation?.isContradicted) {
    const { sample: labelled, estimated, actual } = reconciliation;
    doubts.push(
      `of ${labelled} labelled rows ${percent(actual)} were right, ${percent(estimated)} estimated`,
    );
  }
  return doubts;
}
