import { isErrorMetric } from '../model/metric-names.ts';
import { bootstrapIntervals } from './bootstrap.ts';
import type { Counts } from './classification-metrics.ts';
import type { Comparison } from './evaluation.ts';
import { mcnemarExact } from './mcnemar.ts';
import { measureOf } from './measure.ts';
import { countedMean } from './probability-metrics.ts';
import type { Sample } from './sample.ts';

/** Paired rows below which nothing is said. */
const leastRows = 10;
/** Differences of figures come from sums of floating-point numbers. */
const rounding = 1e-12;

export interface ChampionRule {
  metric: string;
  margin: number;
}

export interface ComparisonSettings {
  seed: number;
  /** Greatest chance of calling equals better or worse. @default 0.05 */
  significance?: number;
  /** Held-out rows that are not compared, since one of the versions was trained on them. @default 0 */
  leftOut?: number;
  /** How often the rows are drawn. @default as bootstrapIntervals finds right */
  resamples?: number;
}

const finite = (value: number | undefined) => (value !== undefined && Number.isFinite(value) ? value : null);
const isRight = ({ truth, predicted }: Sample) =>
  Uint8Array.from(truth, (actual, row) => (predicted[row] === actual ? 1 : 0));

interface Measure {
  figure: (counts?: Counts) => number;
  stepsPerRow: number;
}

function measureFor(sample: Sample, metric: string): Measure | undefined {
  if (metric !== 'accuracy') return measureOf(sample, metric);
  const right = isRight(sample);
  return { figure: (counts) => countedMean(right, counts), stepsPerRow: 1 };
}

/**
 * Compares two versions on the same rows, which neither may have been trained on.
 *
 * Better, and worse by more than the margin, is what chance is unlikely to explain. Not worse is a candidate whose gain
 * lies above the margin's lower end with its whole interval. In between, the rows are too few to tell. Accuracy is
 * tested exactly, other metrics by bootstrap.
 */
export function compareVersions(
  candidate: Sample,
  champion: Sample,
  { metric, margin }: ChampionRule,
  { seed, significance = 0.05, leftOut = 0, resamples }: ComparisonSettings,
): Comparison {
  const sign = isErrorMetric(metric) ? -1 : 1;
  const isAccuracy = metric === 'accuracy' && candidate.kind === 'classification';
  const rows = candidate.truth.length;
  const [ours, theirs] = [measureFor(candidate, metric), measureFor(champion, metric)];
  const compared = {
    metric,
    margin,
    rows,
    leftOut,
    candidate: finite(ours?.figure()),
    champion: finite(theirs?.figure()),
    test: isAccuracy ? 'mcnemar-exact' : 'paired-bootstrap',
  } as const;
  const unknown = { gain: null, standardError: null, pValue: null, interval: null } as const;
  if (rows === 0) return { ...compared, ...unknown, verdict: 'not-enough-data' };
  if (!ours || !theirs || compared.candidate === null || compared.champion === null) {
    return { ...compared, ...unknown, verdict: 'not-measured' };
  }
  const gains: number[] = [];
  const { gain: interval = null } = bootstrapIntervals(
    rows,
    seed,
    (counts) => {
      const gain = sign * (ours.figure(counts) - theirs.figure(counts));
      if (Number.isFinite(gain)) gains.push(gain);
      return { gain };
    },
    ours.stepsPerRow + theirs.stepsPerRow,
    resamples,
  );
  const gain = sign * (compared.candidate - compared.champion);
  const pValue = isAccuracy ? accuracyPValue(candidate, champion) : bootstrapPValue(gains);
  const verdict = judge({ gain, margin, rows, pValue, significance, low: interval?.low ?? Number.NaN });
  return {
    ...compared,
    gain,
    standardError: finite(spread(gains) * Math.sqrt(rows / (rows - 1))),
    pValue,
    interval,
    verdict,
  };
}

interface Evidence {
  gain: number;
  margin: number;
  rows: number;
  pValue: number;
  significance: number;
  /** Lower end of the gain's interval. */
  low: number;
}

function judge({ gain, margin, rows, pValue, significance, low }: Evidence): Comparison['verdict'] {
  if (rows < leastRows) return 'not-enough-data';
  if (pValue < significance && gain > 0) return 'better';
  if (pValue < significance && gain < -margin - rounding) return 'worse';
  return low >= -margin - rounding ? 'not-worse' : 'not-enough-data';
}

/**
 * Whether a candidate that nothing is proven of looks worse by more than the margin, even one standard error in its
 * favour: then the champion is kept.
 *
 * Source: the one-standard-error rule of Breiman et al., "Classification and Regression Trees", 1984.
 */
export function looksWorse({ gain, standardError, margin }: Comparison): boolean {
  return gain !== null && gain + (standardError ?? 0) < -margin - rounding;
}

function accuracyPValue(candidate: Sample, champion: Sample): number {
  const [ours, theirs] = [isRight(candidate), isRight(champion)];
  let onlyCandidate = 0;
  let onlyChampion = 0;
  for (const [row, hit] of ours.entries()) {
    if (hit > (theirs[row] ?? 0)) onlyCandidate++;
    if (hit < (theirs[row] ?? 0)) onlyChampion++;
  }
  return mcnemarExact(onlyCandidate, onlyChampion);
}

/** The bootstrap's standard deviation falls short of the standard error by (n - 1) / n, which the caller puts right. */
function spread(gains: readonly number[]): number {
  const centre = gains.reduce((sum, gain) => sum + gain, 0) / gains.length;
  return Math.sqrt(gains.reduce((sum, gain) => sum + (gain - centre) ** 2, 0) / (gains.length - 1));
}

/** Two-sided: twice the share of the drawn gains on the smaller side of 0. */
function bootstrapPValue(gains: readonly number[]): number {
  if (gains.length === 0) return 1;
  const above = gains.filter((gain) => gain >= 0).length / gains.length;
  const below = gains.filter((gain) => gain <= 0).length / gains.length;
  return Math.min(1, 2 * Math.min(above, below));
}
