import { abOf } from '../model/ab-test.ts';
import type { ModelDefinition } from '../model/definition.ts';
import { findCandidate } from '../registry/candidates.ts';
import type { Live } from '../registry/registry.ts';
import { compareOutcomes, type OutcomeComparison } from './compare-outcomes.ts';
import { compareSides } from './compare-sides.ts';
import {
  alarmsOf,
  type CanaryEvidence,
  type CanaryTime,
  type Verdict,
  whatIsMissing,
  whoTakesTraffic,
} from './judge.ts';

/** What guards a candidate while its quality is measured: other answers are what the test is about. */
const guards = ['error limit', 'latency limit', 'errors', 'latency'];

const shown = (value: number) => Number(value.toPrecision(3));

/** The numbers of a comparison in a sentence. */
function told({ candidate, champion, difference, low, high }: OutcomeComparison): string {
  const of = ({ rows, draws, mean }: OutcomeComparison['candidate']) =>
    `${shown(mean)} over ${rows} labelled rows of ${draws} draws`;
  const apart =
    difference === null
      ? ''
      : `; apart by ${shown(difference)}${low === null || high === null ? '' : ` (${shown(low)} to ${shown(high)})`}`;
  return `candidate ${of(candidate)}, champion ${of(champion)}${apart}`;
}

/**
 * Judges one candidate of an A/B test at a look: it is promoted or withdrawn when labels prove it better or worse, withdrawn
 * when it fails or is slow, and withdrawn without a verdict when the time is over. It may be looked at as often as one likes.
 *
 * Several candidates of a test share the chance of a false verdict by Bonferroni's inequality, which holds however their
 * comparisons with one champion hang together: docs/decisions/0018.
 *
 * @param outcomes Labelled rows since the test began, in `labelled` of each side, all of them and not the newest.
 */
export function judgeAb(
  live: Live,
  version: number,
  { figures, candidate, champion }: CanaryEvidence,
  time: CanaryTime,
  policy: ModelDefinition['rollout'],
): Verdict {
  const ab = abOf(policy);
  const { elapsedSeconds, bakeSeconds, lastLookSeconds } = time;
  const own = findCandidate(live, version);
  const falseVerdicts = ab.falseVerdicts / (live.test?.arms ?? 1);
  const comparison = compareOutcomes(candidate.labelled, champion.labelled, { ...ab, falseVerdicts });
  const spent = (seconds: number) => Math.min(1, seconds / bakeSeconds);
  const level = policy.judge.falseRollbacks * Math.max(0, spent(elapsedSeconds) - spent(lastLookSeconds));
  const part = level / (guards.length + 1);
  const checks = compareSides(candidate, champion, part, policy).filter(({ name }) => guards.includes(name));
  const tell = (verdict: Exclude<Verdict['verdict'], 'withdrawn'>, reason: string): Verdict => ({
    verdict,
    reason,
    figures: { ...figures, comparison },
    checks,
    elapsedSeconds,
  });
  const settled = whoTakesTraffic(live, version);
  if (settled === 'champion') return tell('promote', `version ${version} is the champion already`);
  if (settled === 'nobody' || !own) {
    const now = live.champion ? `; version ${live.champion.version} is the champion` : '';
    return {
      verdict: 'withdrawn',
      reason: `version ${version} was taken out of traffic during its A/B test${now}`,
    };
  }
  const bad =
    alarmsOf(figures) ??
    checks.find(({ verdict }) => verdict === 'worse')?.reason ??
    // Who joins is drawn as the first is, whatever its own definition says.
    (own.stickyBy === 'caller' ? undefined : whatIsMissing(figures, own.weight, part));
  if (bad) return tell('roll-back', bad);
  const numbers = told(comparison);
  if (comparison.verdict === 'worse') return tell('roll-back', `the candidate is worse: ${numbers}`);
  const isFull = elapsedSeconds >= Math.min(bakeSeconds, ab.leastDays * 86_400);
  if (comparison.verdict === 'better' && isFull)
    return tell('promote', `the candidate is better: ${numbers}`);
  if (elapsedSeconds >= bakeSeconds) {
    return tell(
      'not-enough-data',
      `not enough data in ${shown(bakeSeconds / 86_400)} days to tell them apart: ${numbers}`,
    );
  }
  return tell('go-on', `${comparison.verdict} after ${shown(elapsedSeconds / 86_400)} days: ${numbers}`);
}
