import { rollout } from '../lib/model/policies.ts';
import { neverLive } from '../lib/registry/registry.ts';
import { judgeCanary } from '../lib/rollout/judge.ts';
import type { AnsweredRequest, LabelledOutput, Side } from '../lib/rollout/side.ts';
import { seededRandom } from '../lib/shared/random.ts';

/** How a simulated version behaves. */
export interface Behaviour {
  errorShare: number;
  medianLatencyMs: number;
  accuracy: number;
  /** Answers one class whatever is asked. */
  isConstant: boolean;
}

export interface Traffic {
  /** Requests of both sides in the bake. */
  requests: number;
  weight: number;
  /** Share of the truth of each class. */
  classes: number[];
  /** Share of the requests whose label comes while the canary is on. */
  labelShare: number;
  /** The day's rhythm: the shares of the classes swing by this part of themselves over the bake. */
  swing: number;
}

export const goodModel: Behaviour = {
  errorShare: 0.01,
  medianLatencyMs: 40,
  accuracy: 0.9,
  isConstant: false,
};

export interface Ending {
  isRolledBack: boolean;
  /** Requests that the candidate got until the end. */
  spent: number;
  reason: string;
}

const looks = 20;
const digest = '0'.repeat(64);
export const aVersion = (version: number) => ({
  version,
  packagePrefix: 'p/',
  packageDigest: digest,
  modelDigest: digest,
  datasetId: 'ds',
  since: '2026-01-01T00:00:00.000Z',
});

function drawClass(shares: number[], random: () => number): number {
  let left = random() * shares.reduce((sum, share) => sum + share, 0);
  for (const [place, share] of shares.entries()) {
    left -= share;
    if (left < 0) return place;
  }
  return shares.length - 1;
}

/** Standard normal, by Box and Muller. */
function drawNormal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/**
 * What judges a rollout: the product, or, as a peer, the rule of a canary with a fixed weight that looks at errors alone: it
 * is rolled back when more of its requests failed than the limit allows, and promoted at the end else.
 */
export type Rule = 'product' | 'errors only';

/** One rollout of a candidate beside a good champion. The same seed gives both rules the same requests. */
export function simulateRollout(
  candidate: Behaviour,
  traffic: Traffic,
  seed: number,
  rule: Rule = 'product',
): Ending {
  const random = seededRandom(seed * 7919 + 1);
  const bakeSeconds = 600;
  const policy = rollout.parse({ canary: { weight: traffic.weight, bakeSeconds } });
  const live = {
    ...neverLive('simulated', '2026-01-01T00:00:00.000Z'),
    champion: aVersion(1),
    candidate: { ...aVersion(2), weight: traffic.weight, runId: 'run' },
  };
  const answered: AnsweredRequest[][] = [[], []];
  const labelled: LabelledOutput[][] = [[], []];
  const [asked, errors] = [
    [0, 0],
    [0, 0],
  ];
  let number = 0;
  for (let look = 1; look <= looks; look += 1) {
    for (; number < (traffic.requests * look) / looks; number += 1) {
      const side = random() * 100 < traffic.weight ? 1 : 0;
      const how = side === 1 ? candidate : goodModel;
      asked[side] = (asked[side] ?? 0) + 1;
      if (random() < how.errorShare) {
        errors[side] = (errors[side] ?? 0) + 1;
        continue;
      }
      const wave = Math.sin((2 * Math.PI * number) / traffic.requests);
      const shares = traffic.classes.map((share, place) =>
        place === 0 ? share * (1 + traffic.swing * wave) : share,
      );
      const actual = drawClass(shares, random);
      const other = (actual + 1) % traffic.classes.length;
      const predicted = how.isConstant ? 0 : random() < how.accuracy ? actual : other;
      const latencyMs = how.medianLatencyMs * Math.exp(0.5 * drawNormal(random));
      const facts = { version: side + 1, group: String(number) };
      answered[side]?.push({ ...facts, latencyMs, outputs: [`class ${predicted}`] });
      if (random() < traffic.labelShare)
        labelled[side]?.push({ ...facts, predicted: `class ${predicted}`, actual: `class ${actual}` });
    }
    const sideOf = (side: number): Side => ({
      asked: asked[side] ?? 0,
      errors: errors[side] ?? 0,
      answered: answered[side] ?? [],
      labelled: labelled[side] ?? [],
    });
    const [its, own] = [sideOf(0), sideOf(1)];
    if (rule === 'errors only') {
      const isFailing =
        own.asked >= policy.judge.leastSample && own.errors > policy.limits.errorShare * own.asked;
      const reason = `${own.errors} of ${own.asked} requests failed`;
      if (isFailing || look === looks) return { isRolledBack: isFailing, spent: own.asked, reason };
      continue;
    }
    const figures = {
      requests: own.asked - own.errors,
      errors: own.errors,
      p99LatencyMs: undefined,
      championRequests: its.asked + own.errors,
      championAsked: its.asked,
      championErrors: its.errors,
      alarms: [],
    };
    const time = {
      elapsedSeconds: (bakeSeconds * look) / looks,
      lastLookSeconds: (bakeSeconds * (look - 1)) / looks,
      bakeSeconds,
      step: 0,
      steps: 1,
    };
    const { verdict, reason } = judgeCanary(
      live,
      2,
      { figures, candidate: own, champion: its },
      time,
      policy,
    );
    if (verdict === 'roll-back') return { isRolledBack: true, spent: own.asked, reason };
    if (verdict === 'promote') return { isRolledBack: false, spent: own.asked, reason };
  }
  throw new Error('a simulated canary came to no end');
}
