import { bootstrapIntervals } from './bootstrap.ts';
import type { Comparison } from './evaluation.ts';
import { mcnemarExact } from './mcnemar.ts';
import { errorMetrics } from './metrics.ts';
import { figuresOf, type Sample } from './sample.ts';

/** Paired rows below which chance decides. */
const leastRows = 10;
const significance = 0.05;
/** Differences of figures come from sums of floating-point numbers. */
const rounding = 1e-12;

export interface ChampionRule {
  metric: string;
  margin: number;
}

const finite = (value: number | undefined) => (value !== undefined && Number.isFinite(value) ? value : null);

/**
 * Compares two versions on the same rows.
 *
 * Worse is a candidate that is worse by more than the margin, as measured: on few rows too, a gate that lets in what
 * looks worse is none. Better is one whose gain is unlikely by chance. Accuracy is tested exactly, other metrics by
 * bootstrap.
 */
export function compareVersions(
  candidate: Sample,
  champion: Sample,
  { metric, margin }: ChampionRule,
  seed: number,
): Comparison {
  const sign = errorMetrics.includes(metric) ? -1 : 1;
  const ours = finite(figuresOf(candidate)[metric]);
  const theirs = finite(figuresOf(champion)[metric]);
  const isAccuracy = metric === 'accuracy' && candidate.kind === 'classification';
  const compared = {
    metric,
    margin,
    candidate: ours,
    champion: theirs,
    test: isAccuracy ? 'mcnemar-exact' : 'paired-bootstrap',
  } as const;
  if (ours === null || theirs === null) {
    return { ...compared, gain: null, pValue: null, interval: null, verdict: 'not-measured' };
  }
  const gains: number[] = [];
  const rows = candidate.truth.length;
  const { gain: interval = null } = bootstrapIntervals(rows, seed, (positions) => {
    const drawn = figuresOf(candidate, positions)[metric] ?? Number.NaN;
    const gain = sign * (drawn - (figuresOf(champion, positions)[metric] ?? Number.NaN));
    if (Number.isFinite(gain)) gains.push(gain);
    return { gain };
  });
  const gain = sign * (ours - theirs);
  const pValue = isAccuracy ? accuracyPValue(candidate, champion) : bootstrapPValue(gains);
  return { ...compared, gain, pValue, interval, verdict: judge(gain, margin, rows, pValue) };
}

function judge(gain: number, margin: number, rows: number, pValue: number): Comparison['verdict'] {
  if (gain < -margin - rounding) return 'worse';
  if (rows < leastRows) return 'not-enough-data';
  return gain > 0 && pValue < significance ? 'better' : 'not-worse';
}

function accuracyPValue(candidate: Sample, champion: Sample): number {
  let onlyCandidate = 0;
  let onlyChampion = 0;
  for (const [row, truth] of candidate.truth.entries()) {
    const ours = candidate.predicted[row] === truth;
    const theirs = champion.predicted[row] === truth;
    if (ours && !theirs) onlyCandidate++;
    if (theirs && !ours) onlyChampion++;
  }
  return mcnemarExact(onlyCandidate, onlyChampion);
}

/** Two-sided: twice the share of the drawn gains on the smaller side of 0. */
function bootstrapPValue(gains: readonly number[]): number {
  if (gains.length === 0) return 1;
  const above = gains.filter((gain) => gain >= 0).length / gains.length;
  const below = gains.filter((gain) => gain <= 0).length / gains.length;
  return Math.min(1, 2 * Math.min(above, below));
}
