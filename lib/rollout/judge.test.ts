import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rollout } from '../model/policies.ts';
import { aLive } from '../registry/fixtures/builders.ts';
import {
  type CanaryEvidence,
  type CanaryFigures,
  type CanaryTime,
  judgeCanary,
  levelOfLook,
} from './judge.ts';
import type { AnsweredRequest } from './side.ts';

const policy = rollout.parse({
  canary: { bakeSeconds: 600, leastRequests: 100 },
  limits: { errorShare: 0.05, p99LatencyMs: 1000, leastRequests: 20 },
});
const live = aLive({ champion: 1, candidate: 2 });

const someFigures = (over: Partial<CanaryFigures> = {}): CanaryFigures => ({
  requests: 200,
  errors: 0,
  p99LatencyMs: 50,
  championRequests: 0,
  championAsked: 0,
  championErrors: 0,
  alarms: [],
  ...over,
});

/** Requests of a version, one of each latency. */
const answered = (version: number, latenciesMs: number[]): AnsweredRequest[] =>
  latenciesMs.map((latencyMs, index) => ({
    version,
    group: `${version}-${index}`,
    latencyMs,
    outputs: ['a'],
  }));

function evidenceOf(over: Partial<CanaryFigures>, latenciesMs: number[] = []): CanaryEvidence {
  const figures = someFigures(over);
  const { requests, errors, championAsked, championErrors } = figures;
  return {
    figures,
    candidate: { asked: requests + errors, errors, answered: answered(2, latenciesMs), labelled: [] },
    champion: { asked: championAsked, errors: championErrors, answered: [], labelled: [] },
  };
}

const judge = (
  over: Partial<CanaryFigures>,
  elapsedSeconds: number,
  {
    what = live,
    how = policy,
    latenciesMs = [],
    time = {},
  }: {
    what?: typeof live;
    how?: typeof policy;
    latenciesMs?: number[];
    time?: Partial<CanaryTime>;
  } = {},
) =>
  judgeCanary(
    what,
    2,
    evidenceOf(over, latenciesMs),
    { elapsedSeconds, bakeSeconds: how.canary.bakeSeconds, lastLookSeconds: 0, step: 0, steps: 1, ...time },
    how,
  );

describe('judgeCanary', () => {
  it('promotes a candidate that stayed good for the whole bake', () => {
    expect(judge({ errors: 2, championRequests: 800 }, 600)).toMatchObject({
      verdict: 'promote',
      reason: '600 s at 20 % without alarm, 200 requests, 2 failed, 0 labels',
      figures: someFigures({ errors: 2, championRequests: 800 }),
    });
  });

  it('waits for the end of the bake, however good the figures are', () => {
    expect(judge({}, 599.9)).toMatchObject({ verdict: 'go-on', reason: '599 of 600 s baked' });
  });

  it('takes a candidate in alarm out at once, even with hardly a request', () => {
    expect(
      judge({ requests: 1, alarms: ['iris-candidate-errors', 'iris-candidate-latency'] }, 1),
    ).toMatchObject({
      verdict: 'roll-back',
      reason: 'in alarm: iris-candidate-errors, iris-candidate-latency',
    });
  });

  it('takes out a candidate that throws on every call before the bake ends (F28)', () => {
    expect(judge({ requests: 0, errors: 20, p99LatencyMs: undefined }, 30)).toMatchObject({
      verdict: 'roll-back',
      reason: '20 of 20 requests failed; at most 5 % may',
    });
  });

  it('writes the allowed share as a person would', () => {
    const limits = { ...policy.limits, errorShare: 0.07 };
    expect(judge({ errors: 90 }, 30, { how: { ...policy, limits } })).toMatchObject({
      reason: '90 of 290 requests failed; at most 7 % may',
    });
  });

  it('says nothing of errors below the least sample', () => {
    expect(judge({ requests: 0, errors: 19 }, 30).verdict).toBe('go-on');
  });

  it('lets more than the allowed share fail only as far as chance goes', () => {
    // Of 200 at 5 %: 24 or more have the chance 7.2e-5, 25 or more 2.6e-5, by SciPy; a look after 30 s has 3.6e-5.
    expect(judge({ requests: 176, errors: 24 }, 30).verdict).toBe('go-on');
    expect(judge({ requests: 175, errors: 25 }, 30).verdict).toBe('roll-back');
  });

  it('takes out a candidate that is right but slow (F29)', () => {
    const slow = (count: number) => ({
      latenciesMs: Array.from({ length: 20 }, (_, index) => (index < count ? 2003.4 : 20)),
    });
    expect(judge({}, 30, slow(20))).toMatchObject({
      verdict: 'roll-back',
      reason: '20 of 20 requests took longer than 1000 ms; at most 1 % may',
    });
    expect(judge({}, 600, { latenciesMs: new Array(200).fill(1000) }).verdict).toBe('promote');
    expect(judge({}, 30, slow(1)).verdict).toBe('go-on');
    expect(judge({}, 30, { latenciesMs: new Array(19).fill(2000) }).verdict).toBe('go-on');
  });

  it('bakes once more for too few requests, then gives up', () => {
    expect(judge({ requests: 99 }, 600)).toMatchObject({
      verdict: 'go-on',
      reason: 'not enough data: 99 of at least 100 requests',
    });
    expect(judge({ requests: 100 }, 900).verdict).toBe('promote');
    expect(judge({ requests: 99 }, 1199).verdict).toBe('go-on');
    expect(judge({ requests: 99 }, 1200)).toMatchObject({
      verdict: 'not-enough-data',
      reason: 'not enough data after twice the bake time: 99 of at least 100 requests',
    });
  });

  it('promotes without a request when the definition asks for none', () => {
    const quiet = rollout.parse({ canary: { weight: 0, bakeSeconds: 60, leastRequests: 0 } });
    const figures = { requests: 0, p99LatencyMs: undefined };
    const unseen = { ...live, candidate: live.candidate && { ...live.candidate, weight: 0 } };
    expect(judge(figures, 60, { what: unseen, how: quiet }).verdict).toBe('promote');
  });

  it('finds a candidate withdrawn that an alarm or a person took out', () => {
    expect(judge({}, 30, { what: aLive({ champion: 1 }) })).toEqual({
      verdict: 'withdrawn',
      reason: 'version 2 was taken out of traffic during its canary',
    });
    expect(judge({}, 30, { what: aLive({ champion: 1, candidate: 3 }) }).verdict).toBe('withdrawn');
  });

  it('agrees with a person who promoted the candidate meanwhile', () => {
    expect(judge({ alarms: ['late'] }, 30, { what: aLive({ champion: 2, previous: 1 }) })).toMatchObject({
      verdict: 'promote',
      reason: 'version 2 is the champion already',
    });
  });

  it('uses the limits that the definition leaves unset', () => {
    const defaults = rollout.parse({});
    const how = { how: defaults };
    expect(judge({ requests: 95, errors: 5 }, 30, how).verdict).toBe('go-on');
    expect(judge({ requests: 80, errors: 20 }, 30, how).verdict).toBe('roll-back');
    expect(judge({ requests: 0, errors: 4 }, 30, how).verdict).toBe('go-on');
  });

  it('waits for labels where the definition asks for them, then gives up', () => {
    const how = { how: { ...policy, canary: { ...policy.canary, leastLabels: 50 } } };
    expect(judge({}, 700, how)).toMatchObject({
      verdict: 'go-on',
      reason: 'not enough data: 0 of at least 50 labelled rows',
    });
    expect(judge({}, 1200, how).verdict).toBe('not-enough-data');
  });

  it('widens after each step but the last', () => {
    expect(judge({}, 600, { time: { step: 0, steps: 3 } }).verdict).toBe('widen');
    expect(judge({}, 600, { time: { step: 2, steps: 3 } }).verdict).toBe('promote');
  });

  describe('beside the count of the champion, of which a fifth is expected', () => {
    const asked = (requests: number, errors: number, championRequests: number) =>
      judge({ requests, errors, championRequests, p99LatencyMs: undefined }, 30);

    it('takes out a candidate of which hardly a request comes to an end', () => {
      expect(asked(0, 0, 400)).toMatchObject({
        verdict: 'roll-back',
        reason: 'answered or failed 0 of 400 requests where about 80 were expected: its process may be dying',
      });
    });

    it('needs as many requests as make the difference no accident', () => {
      // 0.8 ** 45 is 4.4e-5, 0.8 ** 46 is 3.5e-5; a look after 30 s has 3.6e-5.
      expect(asked(0, 0, 45).verdict).toBe('go-on');
      expect(asked(0, 0, 46).verdict).toBe('roll-back');
    });

    it('sees a candidate that dies for a part of its requests, and spares one that is a little short', () => {
      // Of 1000: 151 or fewer have the chance 3.8e-5, 150 or fewer 2.6e-5, by SciPy.
      expect(asked(151, 0, 849).verdict).toBe('go-on');
      expect(asked(150, 0, 850).verdict).toBe('roll-back');
    });

    it('counts what failed as done, once: the champion answered it', () => {
      expect(asked(144, 7, 856).verdict).toBe('go-on');
      expect(asked(143, 7, 857).verdict).toBe('roll-back');
    });

    it('has nothing to compare with for a candidate that gets everything or nothing', () => {
      for (const weight of [0, 100]) {
        const all = { ...live, candidate: live.candidate && { ...live.candidate, weight } };
        expect(judge({ requests: 100, championRequests: 1 }, 30, { what: all }).verdict).toBe('go-on');
      }
    });
  });

  it('comes to an end by twice the bake time, and never promotes early or in alarm', () => {
    const figures = fc.record({
      requests: fc.nat({ max: 300 }),
      errors: fc.nat({ max: 50 }),
      championRequests: fc.nat({ max: 1500 }),
      p99LatencyMs: fc.option(fc.double({ min: 0, max: 3000, noNaN: true }), { nil: undefined }),
      alarms: fc.subarray(['errors', 'latency']),
    });
    fc.assert(
      fc.property(figures, fc.double({ min: 0, max: 2000, noNaN: true }), (seen, elapsedSeconds) => {
        const { verdict } = judge(seen, elapsedSeconds);
        if (elapsedSeconds >= 1200) expect(verdict).not.toBe('go-on');
        if (verdict === 'promote') {
          expect(elapsedSeconds).toBeGreaterThanOrEqual(600);
          expect(seen.alarms).toEqual([]);
          expect(seen.requests).toBeGreaterThanOrEqual(100);
        }
      }),
    );
  });
});

describe('levelOfLook', () => {
  const time = { bakeSeconds: 600, lastLookSeconds: 0, step: 0, steps: 1, elapsedSeconds: 0 };

  it('spends no more over all looks and steps than is allowed, however often the judge looks', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0, max: 3000, noNaN: true }), { minLength: 1, maxLength: 60 }),
        fc.integer({ min: 1, max: 10 }),
        (moments, steps) => {
          const looks = moments.toSorted((a, b) => a - b);
          const ofStep = looks.reduce(
            (sum, elapsedSeconds, place) =>
              sum +
              levelOfLook({ ...time, elapsedSeconds, lastLookSeconds: looks[place - 1] ?? 0, steps }, 0.01),
            0,
          );
          expect(ofStep * steps).toBeLessThanOrEqual(0.01 + 1e-12);
        },
      ),
    );
  });

  it('spends half of it by the end of a bake that is not prolonged', () => {
    expect(levelOfLook({ ...time, elapsedSeconds: 600 }, 0.01)).toBeCloseTo(0.005, 12);
  });
});
