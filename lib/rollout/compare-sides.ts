import type { ModelDefinition } from '../model/definition.ts';
import { binomialTail } from '../statistics/binomial-tail.ts';
import { fisherGreater, type Share } from '../statistics/fisher-greater.ts';
import { mannWhitneyGreater } from '../statistics/mann-whitney.ts';
import { normalQuantile, normalTail } from '../statistics/normal.ts';
import { type Check, type CheckName, tooFew } from './check.ts';
import { compareOutputs } from './compare-outputs.ts';
import { independence, type LabelledOutput, type Side } from './side.ts';

type Policy = Pick<ModelDefinition['rollout'], 'judge' | 'limits'>;

/** Tests that are made here, each at the level that is given. */
export const tests = 6;

/** Chance at which labels prove the candidate better, so that different outputs do not speak against it. */
const provenBetter = 0.05;

/** Standard normal quantile of 0.99: the power that `detectable` speaks of. */
const z99 = 2.3263478740408408;

export const percent = (share: number) => `${Number((share * 100).toPrecision(3))} %`;
const shown = (value: number) => Number(value.toPrecision(3));

/**
 * Holds a candidate against the champion of the same time and against the limits of the definition.
 *
 * @param part Chance that one test calls a candidate worse that is not.
 */
export function compareSides(candidate: Side, champion: Side, part: number, policy: Policy): Check[] {
  return [
    errorLimit(candidate, part, policy),
    latencyLimit(candidate, part, policy),
    errors(candidate, champion, part, policy),
    latency(candidate, champion, part, policy),
    wantedOr(compareOutputs(candidate, champion, part, policy.judge), candidate, champion, policy),
    quality(candidate, champion, part, policy),
  ];
}

/** A better model answers otherwise than one that has grown wrong: where labels prove it better that is what it is for. */
function wantedOr(outputs: Check, candidate: Side, champion: Side, policy: Policy): Check {
  if (outputs.verdict !== 'worse') return outputs;
  if (quality(champion, candidate, provenBetter, policy).verdict !== 'worse') return outputs;
  return {
    ...outputs,
    verdict: 'not worse',
    reason: `${outputs.reason}; by its labels the candidate is the better one`,
  };
}

const worth = (side: Side) => independence(side.answered.map(({ group }) => group));

/** Counts of a sample as those of as many independent draws as it is worth. */
const scaled = ({ hits, trials }: Share, factor: number): Share => ({
  hits: Math.round(hits * factor),
  trials: Math.max(Math.round(trials * factor), Math.round(hits * factor)),
});

/** The chance of so many hits or more when each trial hits with the chance `share`. */
const chanceAbove = ({ hits, trials }: Share, share: number) =>
  hits === 0 ? 1 : binomialTail(trials - hits, trials, 1 - share);

function againstLimit(
  name: CheckName,
  seen: Share,
  limit: number,
  part: number,
  says: string,
  least: number,
): Check {
  if (seen.trials < least) {
    const reason = `${seen.trials} requests; ${least} are needed`;
    return { ...tooFew(name, seen.trials, 0, least), reason };
  }
  const pValue = chanceAbove(seen, limit);
  return {
    name,
    verdict: pValue < part ? 'worse' : 'not worse',
    reason: says,
    pValue,
    candidateSample: seen.trials,
    championSample: 0,
    detectable: null,
  };
}

function errorLimit(candidate: Side, part: number, { limits }: Policy): Check {
  const seen = scaled({ hits: candidate.errors, trials: candidate.asked }, worth(candidate));
  const says = `${candidate.errors} of ${candidate.asked} requests failed; at most ${percent(limits.errorShare)} may`;
  return againstLimit('error limit', seen, limits.errorShare, part, says, limits.leastRequests);
}

function latencyLimit(candidate: Side, part: number, { limits }: Policy): Check {
  const slow = candidate.answered.filter(({ latencyMs }) => latencyMs > limits.p99LatencyMs).length;
  const trials = candidate.answered.length;
  const says = `${slow} of ${trials} requests took longer than ${limits.p99LatencyMs} ms; at most 1 % may`;
  const seen = scaled({ hits: slow, trials }, worth(candidate));
  return againstLimit('latency limit', seen, 0.01, part, says, limits.leastRequests);
}

/** The smallest difference above a share that two samples show at a level with a chance of 99 %. */
function detectableShare({ hits, trials }: Share, candidateTrials: number, part: number): number {
  const share = (hits + 1) / (trials + 2);
  const spread = (p: number, n: number) => (p * (1 - p)) / n;
  let found = 0;
  // The threshold lies where no difference would put it, the figures scatter as they do with the difference.
  for (let step = 0; step < 30; step += 1) {
    const worse = Math.min(1, share + found);
    const pooled = (share * trials + worse * candidateTrials) / (trials + candidateTrials);
    const threshold =
      normalQuantile(part) * Math.sqrt(spread(pooled, trials) + spread(pooled, candidateTrials));
    found = threshold + z99 * Math.sqrt(spread(share, trials) + spread(worse, candidateTrials));
  }
  return Math.min(1, found);
}

function shares(
  name: CheckName,
  of: { candidate: Share; champion: Share },
  part: number,
  says: string,
): Check {
  const pValue = fisherGreater(of.candidate, of.champion);
  return {
    name,
    verdict: pValue < part ? 'worse' : 'not worse',
    reason: says,
    pValue,
    candidateSample: of.candidate.trials,
    championSample: of.champion.trials,
    detectable: shown(detectableShare(of.champion, of.candidate.trials, part)),
  };
}

function errors(candidate: Side, champion: Side, part: number, { judge }: Policy): Check {
  const seen = {
    candidate: scaled({ hits: candidate.errors, trials: candidate.asked }, worth(candidate)),
    champion: scaled({ hits: champion.errors, trials: champion.asked }, worth(champion)),
  };
  if (Math.min(seen.candidate.trials, seen.champion.trials) < judge.leastSample) {
    return tooFew('errors', seen.candidate.trials, seen.champion.trials, judge.leastSample);
  }
  const says = `${candidate.errors} of ${candidate.asked} requests failed, of the champion's ${champion.errors} of ${champion.asked}`;
  return shares('errors', seen, part, says);
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

/** Whether the candidate's latencies are greater than the champion's with all that is allowed on top. */
function latency(candidate: Side, champion: Side, part: number, { judge }: Policy): Check {
  const of = (side: Side) => side.answered.map(({ latencyMs }) => latencyMs);
  const [own, its] = [of(candidate), of(champion)];
  const factor = Math.min(worth(candidate), worth(champion));
  if (Math.min(own.length * worth(candidate), its.length * worth(champion)) < judge.leastSample) {
    return tooFew('latency', own.length, its.length, judge.leastSample);
  }
  const allowed = its.map((milliseconds) => milliseconds * judge.latencyFactor + judge.latencySlackMs);
  const { z } = mannWhitneyGreater(own, allowed);
  const pValue = normalTail(z * Math.sqrt(factor));
  return {
    name: 'latency',
    verdict: pValue < part ? 'worse' : 'not worse',
    reason: `half of the requests took longer than ${shown(median(own))} ms, of the champion's ${shown(median(its))} ms; ${judge.latencyFactor} times as much and ${judge.latencySlackMs} ms are allowed`,
    pValue,
    candidateSample: own.length,
    championSample: its.length,
    detectable: null,
  };
}

function quality(candidate: Side, champion: Side, part: number, { judge }: Policy): Check {
  const factorOf = (rows: LabelledOutput[]) => independence(rows.map(({ group }) => group));
  const [own, its] = [candidate.labelled, champion.labelled];
  const [factor, factorToo] = [factorOf(own), factorOf(its)];
  if (Math.min(own.length * factor, its.length * factorToo) < judge.leastSample) {
    return tooFew('quality', own.length, its.length, judge.leastSample);
  }
  if (typeof own[0]?.actual === 'number') return errorSizes(own, its, Math.min(factor, factorToo), part);
  const wrong = (rows: LabelledOutput[]) => ({
    hits: rows.filter(({ predicted, actual }) => predicted !== actual).length,
    trials: rows.length,
  });
  const [ownWrong, itsWrong] = [wrong(own), wrong(its)];
  const says = `${ownWrong.hits} of ${own.length} labelled rows are wrong, of the champion's ${itsWrong.hits} of ${its.length}`;
  return shares(
    'quality',
    { candidate: scaled(ownWrong, factor), champion: scaled(itsWrong, factorToo) },
    part,
    says,
  );
}

function errorSizes(own: LabelledOutput[], its: LabelledOutput[], factor: number, part: number): Check {
  const sizes = (rows: LabelledOutput[]) =>
    rows.map(({ predicted, actual }) => Math.abs(Number(predicted) - Number(actual)));
  const [ownSizes, itsSizes] = [sizes(own), sizes(its)];
  const pValue = normalTail(mannWhitneyGreater(ownSizes, itsSizes).z * Math.sqrt(factor));
  return {
    name: 'quality',
    verdict: pValue < part ? 'worse' : 'not worse',
    reason: `half of ${own.length} labelled rows are off by more than ${shown(median(ownSizes))}, of the champion's ${its.length} by more than ${shown(median(itsSizes))}`,
    pValue,
    candidateSample: own.length,
    championSample: its.length,
    detectable: null,
  };
}
