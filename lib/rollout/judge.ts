import type { ModelDefinition } from '../model/definition.ts';
import { findCandidate } from '../registry/candidates.ts';
import type { Live } from '../registry/registry.ts';
import { binomialTail } from '../statistics/binomial-tail.ts';
import type { Check } from './check.ts';
import type { OutcomeComparison } from './compare-outcomes.ts';
import { compareSides, tests } from './compare-sides.ts';
import type { Side } from './side.ts';

/** What metrics and alarms say of a candidate since its step began. */
export interface CanaryFigures {
  requests: number;
  errors: number;
  /** Milliseconds; undefined while nothing was answered. */
  p99LatencyMs: number | undefined;
  /** Requests that ended with the champion while both took traffic, those among them that the candidate had failed. */
  championRequests: number;
  /** Requests that the champion answered or failed in the minutes of the step, and those that it failed. */
  championAsked: number;
  championErrors: number;
  /** Names of this candidate's alarms that are in alarm. */
  alarms: string[];
}

export interface CanaryTime {
  elapsedSeconds: number;
  bakeSeconds: number;
  /** When the judge looked before in this step; 0 at the first look. */
  lastLookSeconds: number;
  /** Steps of the whole rollout, and which this is, from 0. */
  steps: number;
  step: number;
}

export interface CanaryEvidence {
  figures: CanaryFigures;
  candidate: Side;
  champion: Side;
}

export type Verdict =
  | {
      verdict: 'promote' | 'widen' | 'go-on' | 'roll-back' | 'not-enough-data';
      reason: string;
      /** Of an A/B test with the comparison of outcomes. */
      figures: CanaryFigures & { comparison?: OutcomeComparison };
      checks: Check[];
      elapsedSeconds: number;
    }
  | { verdict: 'withdrawn'; reason: string };

/** How often the bake time may pass while the least sample is waited for. */
export const longestBake = 2;

/**
 * The part of the allowed chance of a false verdict that a look may use up: as large as its part of the longest rollout.
 * However often the judge looks, all parts together are no more than what is allowed, and so is the chance that any look
 * errs.
 *
 * Source: Lan & DeMets (1983), "Discrete sequential boundaries for clinical trials", Biometrika 70(3), with a spending
 * that grows with time; the parts are added by Bonferroni's inequality, so nothing is assumed of how looks depend.
 */
export function levelOfLook(time: CanaryTime, falseRollbacks: number): number {
  const whole = time.bakeSeconds * longestBake;
  const spent = (seconds: number) => Math.min(1, seconds / whole);
  const part = Math.max(0, spent(time.elapsedSeconds) - spent(time.lastLookSeconds));
  return (falseRollbacks * part) / time.steps;
}

/**
 * Judges a candidate while it answers its share.
 *
 * Bad news counts at once, as soon as it is proven; good news only after the whole bake time.
 */
export function judgeCanary(
  live: Live,
  version: number,
  { figures, candidate, champion }: CanaryEvidence,
  time: CanaryTime,
  policy: ModelDefinition['rollout'],
): Verdict {
  const { elapsedSeconds, bakeSeconds } = time;
  const told = (verdict: Exclude<Verdict['verdict'], 'withdrawn'>, reason: string, checks: Check[] = []) => ({
    verdict,
    reason,
    figures,
    checks,
    elapsedSeconds,
  });
  const settled = whoTakesTraffic(live, version);
  if (settled === 'champion') return told('promote', `version ${version} is the champion already`);
  if (settled === 'nobody' || !live.candidate) {
    return { verdict: 'withdrawn', reason: `version ${version} was taken out of traffic during its canary` };
  }
  const level = levelOfLook(time, policy.judge.falseRollbacks);
  const part = level / (tests + 1);
  const checks = compareSides(candidate, champion, part, policy);
  const bad =
    alarmsOf(figures) ??
    checks.find(({ verdict }) => verdict === 'worse')?.reason ??
    // Callers have no equal shares of the requests, so nothing is missing from a side of callers.
    (policy.canary.stickyBy === 'caller' ? undefined : whatIsMissing(figures, live.candidate.weight, part));
  if (bad) return told('roll-back', bad, checks);

  if (elapsedSeconds < bakeSeconds) {
    return told('go-on', `${Math.floor(elapsedSeconds)} of ${bakeSeconds} s baked`, checks);
  }
  const lacking = whatIsLacking(figures, candidate, policy);
  if (!lacking) {
    const seen = `${bakeSeconds} s at ${live.candidate.weight} % without alarm, ${figures.requests} requests, ${figures.errors} failed, ${candidate.labelled.length} labels`;
    return told(time.step + 1 < time.steps ? 'widen' : 'promote', seen, checks);
  }
  if (elapsedSeconds < bakeSeconds * longestBake) {
    return told('go-on', `not enough data: ${lacking}`, checks);
  }
  return told('not-enough-data', `not enough data after twice the bake time: ${lacking}`, checks);
}

/** As what a version takes traffic, if it does: a person or an alarm may have been faster than the judge. */
export function whoTakesTraffic(live: Live, version: number): 'champion' | 'candidate' | 'nobody' {
  if (live.champion?.version === version) return 'champion';
  return findCandidate(live, version) ? 'candidate' : 'nobody';
}

export function alarmsOf({ alarms }: CanaryFigures): string | undefined {
  return alarms.length > 0 ? `in alarm: ${alarms.join(', ')}` : undefined;
}

function whatIsLacking(
  { requests }: CanaryFigures,
  { labelled }: Side,
  { canary }: ModelDefinition['rollout'],
): string | undefined {
  if (requests < canary.leastRequests) return `${requests} of at least ${canary.leastRequests} requests`;
  if (labelled.length < canary.leastLabels) {
    return `${labelled.length} of at least ${canary.leastLabels} labelled rows`;
  }
  return undefined;
}

/**
 * A process that dies in a request tells of it neither as an answer nor as a failure: it is missing beside the champion's
 * requests, of which the candidate has its share. Where other candidates have theirs, its part of both is larger than its
 * share, so that this errs less often.
 */
export function whatIsMissing(
  { requests, errors, championRequests }: CanaryFigures,
  weight: number,
  improbable: number,
): string | undefined {
  const ended = requests + errors;
  // What the candidate failed the champion answered: it is among the champion's already.
  const all = requests + championRequests;
  // A candidate that gets everything leaves nothing to compare with.
  if (weight === 100 || binomialTail(ended, all, weight / 100) >= improbable) return undefined;
  const expected = Math.round((all * weight) / 100);
  return `answered or failed ${ended} of ${all} requests where about ${expected} were expected: its process may be dying`;
}
