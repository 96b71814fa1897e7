import type { ModelDefinition } from '../model/definition.ts';
import type { Live } from '../registry/registry.ts';
import { binomialTail } from '../statistics/binomial-tail.ts';

/** What was seen of a candidate since its canary began. */
export interface CanaryFigures {
  requests: number;
  errors: number;
  /** Milliseconds; undefined while nothing was answered. */
  p99LatencyMs: number | undefined;
  /** Requests that ended with the champion while both took traffic, those among them that the candidate had failed. */
  championRequests: number;
  /** Names of the candidate's alarms that are in alarm. */
  alarms: string[];
}

export interface CanaryTime {
  elapsedSeconds: number;
  bakeSeconds: number;
}

export type Verdict =
  | { verdict: 'promote' | 'go-on' | 'roll-back'; reason: string; figures: CanaryFigures }
  | { verdict: 'withdrawn'; reason: string };

/** How often the bake time may pass while the least number of requests is waited for. */
const longestBake = 2;

/** Below this chance a count that is too low is no accident. */
const improbable = 1e-4;

/**
 * Judges a candidate while it answers its share.
 *
 * Bad news counts at once, once the least sample is there; good news only after the whole bake time.
 */
export function judgeCanary(
  live: Live,
  version: number,
  figures: CanaryFigures,
  time: CanaryTime,
  { canary, limits }: ModelDefinition['rollout'],
): Verdict {
  if (live.champion?.version === version) {
    return { verdict: 'promote', reason: `version ${version} is the champion already`, figures };
  }
  if (live.candidate?.version !== version) {
    return { verdict: 'withdrawn', reason: `version ${version} was taken out of traffic during its canary` };
  }
  const bad = whatIsWrong(figures, limits) ?? whatIsMissing(figures, live.candidate.weight);
  if (bad) return { verdict: 'roll-back', reason: bad, figures };

  const { elapsedSeconds, bakeSeconds } = time;
  if (elapsedSeconds < bakeSeconds) {
    return { verdict: 'go-on', reason: `${Math.floor(elapsedSeconds)} of ${bakeSeconds} s baked`, figures };
  }
  if (figures.requests >= canary.leastRequests) {
    return {
      verdict: 'promote',
      reason: `${bakeSeconds} s without alarm, ${figures.requests} requests, ${figures.errors} failed`,
      figures,
    };
  }
  const seen = `${figures.requests} of at least ${canary.leastRequests} requests`;
  if (elapsedSeconds < bakeSeconds * longestBake) {
    return { verdict: 'go-on', reason: `not enough data: ${seen}`, figures };
  }
  return { verdict: 'roll-back', reason: `not enough data after twice the bake time: ${seen}`, figures };
}

function whatIsWrong(
  figures: CanaryFigures,
  limits: ModelDefinition['rollout']['limits'],
): string | undefined {
  const { requests, errors, p99LatencyMs, alarms } = figures;
  if (alarms.length > 0) return `in alarm: ${alarms.join(', ')}`;
  const asked = requests + errors;
  if (asked < limits.leastRequests) return undefined;
  if (errors / asked > limits.errorShare) {
    return `${errors} of ${asked} requests failed; at most ${Math.round(limits.errorShare * 10_000) / 100} % may`;
  }
  if (p99LatencyMs !== undefined && p99LatencyMs > limits.p99LatencyMs) {
    return `the 99th percentile of latency is ${Math.round(p99LatencyMs)} ms; at most ${limits.p99LatencyMs} ms may be`;
  }
  return undefined;
}

/**
 * A process that dies in a request tells of it neither as an answer nor as a failure: it is missing beside the champion's
 * requests, of which the candidate has its share.
 */
function whatIsMissing(
  { requests, errors, championRequests }: CanaryFigures,
  weight: number,
): string | undefined {
  const ended = requests + errors;
  // What the candidate failed the champion answered: it is among the champion's already.
  const all = requests + championRequests;
  // A candidate that gets everything leaves nothing to compare with.
  if (weight === 100 || binomialTail(ended, all, weight / 100) >= improbable) return undefined;
  const expected = Math.round((all * weight) / 100);
  return `answered or failed ${ended} of ${all} requests where about ${expected} were expected: its process may be dying`;
}
