import { candidateAt } from '../lib/inference/route.ts';
import { rollout } from '../lib/model/policies.ts';
import { candidatesOf, freePlaces, withCandidates } from '../lib/registry/candidates.ts';
import { type Candidate, neverLive } from '../lib/registry/registry.ts';
import type { CanaryEvidence } from '../lib/rollout/judge.ts';
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
  /** Accuracies of further candidates of the same test, each with as large a share. @default - none */
  others?: number[];
  /** By how much the accuracy of both swings in a day. */
  swing: number;
}

export interface AbEnding {
  /** Of the whole test: a promotion, else whether one was taken out because it is worse. */
  verdict: 'promote' | 'roll-back' | 'not-enough-data';
  /** Who was promoted; the champion is 1. */
  winner: number;
  /** Who was taken out because it is worse. */
  worse: number[];
  days: number;
  /** Rows that candidates answered until then. */
  spent: number;
  /** What a test of two shares at 5 % would have said, asked at every look until it finds something. */
  peeked: 'better' | 'worse' | 'nothing';
}

interface Caller {
  /** In [0, 1): where the caller stands among all that is drawn. */
  position: number;
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
  const accuracies = [traffic.championAccuracy, traffic.candidateAccuracy, ...(traffic.others ?? [])];
  const arms = accuracies.length - 1;
  const policy = rollout.parse({
    strategy: 'ab',
    ab: {
      arms,
      share: traffic.share,
      mostDays: traffic.days,
      stickyBy: traffic.callers > 0 ? 'caller' : 'request',
    },
  });
  const candidates: Candidate[] = [];
  for (let version = 2; version <= arms + 1; version += 1) {
    const spans = freePlaces(candidates, traffic.share);
    const sticky = traffic.callers > 0 && { stickyBy: 'caller' as const };
    candidates.push({ ...aVersion(version), weight: traffic.share, runId: 'run', ...sticky, spans });
  }
  const champion = { ...neverLive('simulated', '2026-01-01T00:00:00.000Z'), champion: aVersion(1) };
  const test = arms > 1 ? { test: { id: 'run', arms, joined: arms } } : {};
  let live = withCandidates({ ...champion, ...test }, candidates);
  const callers = Array.from(
    { length: traffic.callers },
    (): Caller => ({ position: random(), better: traffic.callerSpread * normal() }),
  );
  const answered = accuracies.map((): LabelledOutput[] => []);
  const rowsOf = (version: number) => answered[version - 1] ?? [];
  const worse: number[] = [];
  const bakeSeconds = traffic.days * 86_400;
  let peeked: AbEnding['peeked'] = 'nothing';
  let row = 0;
  for (let look = 1; ; look += 1) {
    for (; row < (traffic.rows * look) / traffic.looks; row += 1) {
      // Some callers come much more often than others.
      const number = Math.floor(callers.length * random() ** 2);
      const caller = callers[number] ?? { position: random(), better: 0 };
      const version = candidateAt(candidatesOf(live), caller.position)?.version ?? 1;
      const wave = traffic.swing * Math.sin((2 * Math.PI * traffic.days * row) / traffic.rows);
      const isRight = random() < Math.min(1, (accuracies[version - 1] ?? 0) + caller.better + wave);
      const group = callers.length > 0 ? `caller ${number}` : `request ${row}`;
      rowsOf(version).push({ version, group, predicted: isRight ? 'right' : 'wrong', actual: 'right' });
    }
    for (const { version } of candidatesOf(live)) {
      if (peeked === 'nothing') peeked = naive(rowsOf(version), rowsOf(1));
    }
    const end = (verdict: AbEnding['verdict'], winner: number): AbEnding => ({
      verdict,
      winner,
      worse,
      days: (traffic.days * look) / traffic.looks,
      spent: answered.slice(1).reduce((sum, rows) => sum + rows.length, 0),
      peeked,
    });
    const time = {
      elapsedSeconds: (bakeSeconds * look) / traffic.looks,
      lastLookSeconds: (bakeSeconds * (look - 1)) / traffic.looks,
      bakeSeconds,
      step: 0,
      steps: 1,
    };
    for (const { version } of candidatesOf(live)) {
      const { verdict } = judgeAb(live, version, evidenceOf(rowsOf(version), rowsOf(1)), time, policy);
      if (verdict === 'promote') return end('promote', version);
      if (verdict === 'go-on') continue;
      if (verdict === 'roll-back') worse.push(version);
      const left = candidatesOf(live).filter((each) => each.version !== version);
      live = withCandidates(live, left);
    }
    if (!live.candidate) return end(worse.length > 0 ? 'roll-back' : 'not-enough-data', 1);
    if (look === traffic.looks) throw new Error('a simulated A/B test came to no end');
  }
}

function evidenceOf(own: LabelledOutput[], its: LabelledOutput[]): CanaryEvidence {
  const sideOf = (labelled: LabelledOutput[]) => ({
    asked: labelled.length,
    errors: 0,
    answered: [],
    labelled,
  });
  return {
    figures: {
      requests: own.length,
      errors: 0,
      p99LatencyMs: undefined,
      championRequests: its.length,
      championAsked: its.length,
      championErrors: 0,
      alarms: [],
    },
    candidate: sideOf(own),
    champion: sideOf(its),
  };
}
