import { beforeEach, describe, expect, it } from 'vitest';
import { rollout } from '../model/policies.ts';
import { aLive, at, versionsUpTo } from '../registry/fixtures/builders.ts';
import { anAbTest, joined } from '../registry/fixtures/tests.ts';
import { nextLive } from '../registry/next-live.ts';
import { seededRandom } from '../shared/random.ts';
import { compareOutcomes } from './compare-outcomes.ts';
import type { CanaryFigures } from './judge.ts';
import { judgeAb } from './judge-ab.ts';
import type { LabelledOutput } from './side.ts';

const day = 86_400;
const policy = rollout.parse({ strategy: 'ab', ab: { mostDays: 10 } });
const live = aLive({ champion: 1, candidate: 2 });
let random: () => number;
// Tests come in any order, and none may draw what another one left.
beforeEach(() => {
  random = seededRandom(17);
});

/** Labelled rows of callers, each with so many of them. */
function rowsOf(version: number, callers: number, accuracy: number, each = 1): LabelledOutput[] {
  return Array.from({ length: callers }, (_, caller) =>
    Array.from({ length: each }, () => ({
      version,
      group: `${version}-${caller}`,
      predicted: random() < accuracy ? 'a' : 'b',
      actual: 'a',
    })),
  ).flat();
}

function look(
  own: LabelledOutput[],
  its: LabelledOutput[],
  days: number,
  {
    figures = {},
    what = live,
    how = policy,
  }: { figures?: Partial<CanaryFigures>; what?: typeof live; how?: typeof policy } = {},
) {
  const all = { requests: 1000, errors: 0, p99LatencyMs: 50, championRequests: 0, championAsked: 1000 };
  const told = { ...all, championErrors: 0, alarms: [], ...figures };
  const evidence = {
    figures: told,
    candidate: { asked: told.requests + told.errors, errors: told.errors, answered: [], labelled: own },
    champion: { asked: told.championAsked, errors: told.championErrors, answered: [], labelled: its },
  };
  const elapsedSeconds = days * day;
  const time = {
    elapsedSeconds,
    bakeSeconds: 10 * day,
    lastLookSeconds: elapsedSeconds - 3600,
    step: 0,
    steps: 1,
  };
  return judgeAb(what, 2, evidence, time, how);
}

describe('judgeAb', () => {
  it('promotes a candidate that labels prove better, after a whole day', () => {
    const [own, its] = [rowsOf(2, 1500, 0.9), rowsOf(1, 1500, 0.8)];
    expect(look(own, its, 0.5)).toMatchObject({
      verdict: 'go-on',
      reason: expect.stringMatching(/^better after 0\.5/),
    });
    expect(look(own, its, 1)).toMatchObject({
      verdict: 'promote',
      reason: expect.stringMatching(
        /^the candidate is better: candidate 0\.\d+ over 1500 labelled rows of 1500 draws/,
      ),
      figures: { comparison: { verdict: 'better', candidate: { rows: 1500 } } },
    });
  });

  it('withdraws one that labels prove worse, at once', () => {
    expect(look(rowsOf(2, 1500, 0.8), rowsOf(1, 1500, 0.9), 0.1)).toMatchObject({
      verdict: 'roll-back',
      reason: expect.stringMatching(/^the candidate is worse/),
    });
  });

  it('goes on while nothing is proven, and ends without a verdict', () => {
    const [own, its] = [rowsOf(2, 500, 0.9), rowsOf(1, 500, 0.9)];
    expect(look(own, its, 9)).toMatchObject({
      verdict: 'go-on',
      reason: expect.stringMatching(/^not proven/),
    });
    expect(look(own, its, 10)).toMatchObject({
      verdict: 'not-enough-data',
      reason: expect.stringMatching(/^not enough data in 10 days/),
      figures: { comparison: { verdict: 'not proven' } },
    });
    expect(look([], [], 10)).toMatchObject({
      verdict: 'not-enough-data',
      figures: { comparison: { verdict: 'not enough data', difference: null } },
    });
  });

  it('stops a candidate that fails, whatever its answers are', () => {
    const [own, its] = [rowsOf(2, 1500, 0.9), rowsOf(1, 1500, 0.8)];
    expect(look(own, its, 2, { figures: { requests: 900, errors: 100 } })).toMatchObject({
      verdict: 'roll-back',
      reason: expect.stringContaining('100 of 1000 requests failed'),
    });
    expect(look(own, its, 2, { figures: { alarms: ['latency'] } })).toMatchObject({ verdict: 'roll-back' });
  });

  it('does not take other answers for wrong ones', () => {
    const verdict = look(rowsOf(2, 500, 0.9), rowsOf(1, 500, 0.9), 2);
    expect('checks' in verdict && verdict.checks.map(({ name }) => name)).toEqual([
      'error limit',
      'latency limit',
      'errors',
      'latency',
    ]);
  });

  it('misses requests where each is drawn by itself', () => {
    const how = rollout.parse({ strategy: 'ab', ab: { mostDays: 10, stickyBy: 'request' } });
    const figures = { requests: 500, championRequests: 1500 };
    const what = { ...live, candidate: live.candidate && { ...live.candidate, weight: 50 } };
    expect(look([], [], 2, { figures, how, what })).toMatchObject({
      verdict: 'roll-back',
      reason: expect.stringContaining('its process may be dying'),
    });
    const sticky = {
      ...what,
      candidate: what.candidate && { ...what.candidate, stickyBy: 'caller' as const },
    };
    expect(look([], [], 2, { figures, what: sticky })).toMatchObject({ verdict: 'go-on' });
  });

  it('leaves alone what a person or an alarm decided meanwhile', () => {
    expect(look([], [], 1, { what: aLive({ champion: 2 }) })).toMatchObject({ verdict: 'promote' });
    expect(look([], [], 1, { what: aLive({ champion: 1 }) })).toMatchObject({ verdict: 'withdrawn' });
  });
});

describe('compareOutcomes', () => {
  const ab = { effect: 0.1, falseVerdicts: 0.05, leastSample: 100 };

  it('counts callers, not their rows', () => {
    const few = compareOutcomes(rowsOf(2, 99, 0.9, 50), rowsOf(1, 99, 0.5, 50), ab);
    expect(few.verdict).toBe('not enough data');
    // Each caller is always right or always wrong: 50 rows say no more than one.
    const stubborn = (version: number, callers: number, share: number) =>
      Array.from({ length: callers }, (_, caller) =>
        rowsOf(version, 1, caller < callers * share ? 1 : 0, 50).map((row) => ({
          ...row,
          group: `${version}-${caller}`,
        })),
      ).flat();
    expect(compareOutcomes(stubborn(2, 100, 0.9), stubborn(1, 100, 0.8), ab).verdict).toBe('not proven');
    expect(compareOutcomes(rowsOf(2, 5000, 0.9), rowsOf(1, 5000, 0.8), ab).verdict).toBe('better');
  });

  it('compares mean errors of numbers, of which less is better', () => {
    const off = (version: number, error: number) =>
      Array.from({ length: 400 }, (_, index) => ({
        version,
        group: `${version}-${index}`,
        predicted: 10 + error * (random() < 0.5 ? 1 : -1) * (0.5 + random()),
        actual: 10,
      }));
    expect(compareOutcomes(off(2, 1), off(1, 2), ab)).toMatchObject({ verdict: 'better' });
    expect(compareOutcomes(off(2, 2), off(1, 1), ab)).toMatchObject({ verdict: 'worse' });
  });

  it('proves nothing where all answers are right', () => {
    expect(compareOutcomes(rowsOf(2, 200, 1), rowsOf(1, 200, 1), ab)).toMatchObject({
      verdict: 'not proven',
      low: null,
    });
  });
});

describe('judgeAb of several candidates', () => {
  const test = joined(anAbTest(25, 3), 3, 25, 3);

  it('asks for more proof of each, so that all together err no more often', () => {
    const outcome = (rows: LabelledOutput[], arms: number) =>
      compareOutcomes(rows, its, { effect: 0.1, falseVerdicts: 0.05 / arms, leastSample: 100 }).verdict;
    const its = rowsOf(1, 1000, 0.85);
    // Rows between what proves something at 5 % and what does at a third of it.
    const own = Array.from({ length: 40 }, (_, step) => rowsOf(2, 1000, 0.885 + step / 1000)).find(
      (rows) => outcome(rows, 1) === 'better' && outcome(rows, 3) === 'not proven',
    );
    if (!own) throw new Error('no such rows were drawn');
    expect(look(own, its, 2).verdict).toBe('promote');
    expect(look(own, its, 2, { what: test }).verdict).toBe('go-on');
  });

  it('tells one that was taken out who won', () => {
    const won = nextLive(test, { kind: 'promote', version: 3, asCandidate: true }, versionsUpTo(9), at)?.live;
    if (!won) throw new Error('nothing was promoted');
    expect(look([], [], 2, { what: won })).toEqual({
      verdict: 'withdrawn',
      reason: 'version 2 was taken out of traffic during its A/B test; version 3 is the champion',
    });
  });
});
