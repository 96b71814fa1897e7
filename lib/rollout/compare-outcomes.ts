import { alwaysValid } from '../statistics/always-valid.ts';
import type { LabelledOutput } from './side.ts';

/** How good the answers of one version were. */
export interface OutcomeOfSide {
  rows: number;
  /** Callers, or requests where callers are not kept on one side: what was drawn for a side. */
  draws: number;
  /** Share of right answers; of numbers the mean error, below zero, so that more is better. */
  mean: number;
}

/** A candidate's outcome beside the champion's. */
export interface OutcomeComparison {
  candidate: OutcomeOfSide;
  champion: OutcomeOfSide;
  /** Candidate less champion, with an interval that holds at all looks together. Null before there is one. */
  difference: number | null;
  low: number | null;
  high: number | null;
  verdict: 'better' | 'worse' | 'not proven' | 'not enough data';
}

const goodnessOf = ({ predicted, actual }: LabelledOutput) => {
  if (typeof actual === 'number') return -Math.abs(Number(predicted) - actual);
  return predicted === actual ? 1 : 0;
};

/** The sum of values less `centre` of each draw. */
function totalsOf(rows: readonly LabelledOutput[], centre: number): number[] {
  const totals = new Map<string, number>();
  for (const row of rows) totals.set(row.group, (totals.get(row.group) ?? 0) + goodnessOf(row) - centre);
  return [...totals.values()];
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
const squares = (values: readonly number[]) => values.reduce((total, value) => total + value * value, 0);

/** Variance of a mean of rows that come in draws, with a correction for few draws. */
function varianceOfMean(totals: readonly number[], rows: number): number {
  const draws = totals.length;
  return draws < 2 ? Number.NaN : (squares(totals) / rows ** 2) * (draws / (draws - 1));
}

/**
 * Whether labels prove that a candidate answers better or worse than the champion. May be asked at any time, as often as
 * one likes, over all labels that came so far.
 *
 * What was drawn for a side is independent, its rows are not: the standard error is that of the totals of draws around
 * the mean of both sides, as they scatter when the versions are equally good.
 *
 * @param effect Difference, in standard deviations of a row's outcome, at which the rule is soonest.
 * @param error Chance, over all looks, that equally good versions are told apart.
 *
 * Source: Deng, Lu & Litz (2017), "Trustworthy analysis of online A/B tests", WSDM, for draws with several rows; docs/decisions/0017.
 */
export function compareOutcomes(
  candidate: readonly LabelledOutput[],
  champion: readonly LabelledOutput[],
  { effect, falseVerdicts, leastSample }: { effect: number; falseVerdicts: number; leastSample: number },
): OutcomeComparison {
  const all = [...candidate, ...champion].map(goodnessOf);
  const centre = sum(all) / Math.max(1, all.length);
  const spreadOfRow = Math.sqrt(squares(all.map((value) => value - centre)) / Math.max(1, all.length - 1));
  const [own, its] = [totalsOf(candidate, centre), totalsOf(champion, centre)];
  const sideOf = (rows: readonly LabelledOutput[], totals: readonly number[]): OutcomeOfSide => ({
    rows: rows.length,
    draws: totals.length,
    mean: sum(rows.map(goodnessOf)) / Math.max(1, rows.length),
  });
  const sides = { candidate: sideOf(candidate, own), champion: sideOf(champion, its) };
  if (Math.min(own.length, its.length) < Math.max(2, leastSample)) {
    return { ...sides, difference: null, low: null, high: null, verdict: 'not enough data' };
  }
  const difference = sides.candidate.mean - sides.champion.mean;
  const standardError = Math.sqrt(
    varianceOfMean(own, candidate.length) + varianceOfMean(its, champion.length),
  );
  const found = alwaysValid({ difference, standardError }, effect * spreadOfRow, falseVerdicts);
  const direction = difference > 0 ? 'better' : 'worse';
  return {
    ...sides,
    difference,
    low: Number.isFinite(found.low) ? found.low : null,
    high: Number.isFinite(found.high) ? found.high : null,
    verdict: found.isProven ? direction : 'not proven',
  };
}
