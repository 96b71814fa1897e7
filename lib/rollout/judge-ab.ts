import { abOf } from '../model/ab-test.ts';
import type { ModelDefinition } from '../model/definition.ts';
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
 * Judges an A/B test at a look: the candidate is promoted or withdrawn when labels prove it better or worse, withdrawn
 * when it fails or is slow, and withdrawn without a verdict when the time is over. It may be looked at as often as one likes.
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
  const comparison = compareOutcomes(candidate.labelled, champion.labelled, ab);
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
  if (settled === 'nobody' || !live.candidate) {
    return {
      verdict: 'withdrawn',
      reason: `version ${version} was taken out of traffic during its A/B test`,
    };
  }
  const bad =
    alarmsOf(figures) ??
    checks.find(({ verdict }) => verdict === 'worse')?.reason ??
    (ab.stickyBy === 'caller' ? undefined : whatIsMissing(figures, live.candidate.weight, part));
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
