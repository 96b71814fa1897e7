import { rollout } from '../lib/model/policies.ts';
import { neverLive } from '../lib/registry/registry.ts';
import { judgeAb } from '../lib/rollout/judge-ab.ts';
import type { LabelledOutput } from '../lib/rollout/side.ts';
import { seededRandom } from '../lib/shared/random.ts';
import { normalTail } from '../lib/statistics/normal.ts';
import { aVersion } from './simulated-rollout.ts';

export interface AbTraffic {
  /** Labelled rows of both sides over the whole test. */
  rows: number;
  share: number;
  looks: number;
  days: number;
  /** Callers that stay on one side and come again and again; 0 draws each row by itself. */
  callers: number;
  /** Standard deviation of the accuracy from caller to caller. */
  callerSpread: number;
  championAccuracy: number;
  candidateAccuracy: number;
  /** By how much the accuracy of both swings in a day. */
  swing: number;
}

export interface AbEnding {
  verdict: 'promote' | 'roll-back' | 'not-enough-data';
  days: number;
  /** Rows that the candidate answered until then. */
  spent: number;
  /** What a test of two shares at 5 % would have said, asked at every look until it finds something. */
  peeked: 'better' | 'worse' | 'nothing';
}

interface Caller {
  isCandidates: boolean;
  better: number;
}

/** Two shares that differ at 5 %, by the usual test that may be asked once. */
function naive(own: readonly LabelledOutput[], its: readonly LabelledOutput[]): AbEnding['peeked'] {
  if (Math.min(own.length, its.length) < 100) return 'nothing';
  const right = (rows: readonly LabelledOutput[]) =>
    rows.reduce((count, { predicted, actual }) => count + (predicted === actual ? 1 : 0), 0);
  const [hits, hitsToo] = [right(own), right(its)];
  const pooled = (hits + hitsToo) / (own.length + its.length);
  const error = Math.sqrt(pooled * (1 - pooled) * (1 / own.length + 1 / its.length));
  const z = (hits / own.length - hitsToo / its.length) / error;
  if (2 * normalTail(Math.abs(z)) >= 0.05) return 'nothing';
  return z > 0 ? 'better' : 'worse';
}

/** One A/B test, judged as the product judges it at each look. */
export function simulateAb(traffic: AbTraffic, seed: number): AbEnding {
  const random = seededRandom(seed * 104_729 + 7);
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const policy = rollout.parse({
    strategy: 'ab',
    ab: {
      share: traffic.share,
      mostDays: traffic.days,
      stickyBy: traffic.callers > 0 ? 'caller' : 'request',
    },
  });
  const live = {
    ...neverLive('simulated', '2026-01-01T00:00:00.000Z'),
    champion: aVersion(1),
    candidate: { ...aVersion(2), weight: traffic.share, runId: 'run' },
  };
  const isDrawn = () => random() * 100 < traffic.share;
  const callers = Array.from(
    { length: traffic.callers },
    (): Caller => ({ isCandidates: isDrawn(), better: traffic.callerSpread * normal() }),
  );
  const [its, own]: [LabelledOutput[], LabelledOutput[]] = [[], []];
  const bakeSeconds = traffic.days * 86_400;
  let peeked: AbEnding['peeked'] = 'nothing';
  let row = 0;
  for (let look = 1; ; look += 1) {
    for (; row < (traffic.rows * look) / traffic.looks; row += 1) {
      // Some callers come much more often than others.
      const number = Math.floor(callers.length * random() ** 2);
      const caller = callers[number] ?? { isCandidates: isDrawn(), better: 0 };
      const wave = traffic.swing * Math.sin((2 * Math.PI * traffic.days * row) / traffic.rows);
      const accuracy = caller.isCandidates ? traffic.candidateAccuracy : traffic.championAccuracy;
      const isRight = random() < Math.min(1, accuracy + caller.better + wave);
      const group = callers.length > 0 ? `caller ${number}` : `request ${row}`;
      (caller.isCandidates ? own : its).push({
        version: caller.isCandidates ? 2 : 1,
        group,
        predicted: isRight ? 'right' : 'wrong',
        actual: 'right',
      });
    }
    if (peeked === 'nothing') peeked = naive(own, its);
    const figures = {
      requests: own.length,
      errors: 0,
      p99LatencyMs: undefined,
      championRequests: its.length,
      championAsked: its.length,
      championErrors: 0,
      alarms: [],
    };
    const sideOf = (labelled: LabelledOutput[]) => ({
      asked: labelled.length,
      errors: 0,
      answered: [],
      labelled,
    });
    const time = {
      elapsedSeconds: (bakeSeconds * look) / traffic.looks,
      lastLookSeconds: (bakeSeconds * (look - 1)) / traffic.looks,
      bakeSeconds,
      step: 0,
      steps: 1,
    };
    const evidence = { figures, candidate: sideOf(own), champion: sideOf(its) };
    const { verdict } = judgeAb(live, 2, evidence, time, policy);
    if (verdict === 'promote' || verdict === 'roll-back' || verdict === 'not-enough-data') {
      return { verdict, days: (traffic.days * look) / traffic.looks, spent: own.length, peeked };
    }
    if (look === traffic.looks) throw new Error('a simulated A/B test came to no end');
  }
}
