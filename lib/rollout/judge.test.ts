import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rollout } from '../model/policies.ts';
import { aLive } from '../registry/fixtures/builders.ts';
import { type CanaryFigures, judgeCanary } from './judge.ts';

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
  alarms: [],
  ...over,
});

const judge = (over: Partial<CanaryFigures>, elapsedSeconds: number, what = live, how = policy) =>
  judgeCanary(what, 2, someFigures(over), { elapsedSeconds, bakeSeconds: how.canary.bakeSeconds }, how);

describe('judgeCanary', () => {
  it('promotes a candidate that stayed good for the whole bake', () => {
    expect(judge({ errors: 2, championRequests: 800 }, 600)).toEqual({
      verdict: 'promote',
      reason: '600 s without alarm, 200 requests, 2 failed',
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
    expect(judge({ errors: 90 }, 30, live, { ...policy, limits })).toMatchObject({
      reason: '90 of 290 requests failed; at most 7 % may',
    });
  });

  it('says nothing of errors below the least sample', () => {
    expect(judge({ requests: 0, errors: 19 }, 30).verdict).toBe('go-on');
  });

  it('lets exactly the allowed share fail, and not one more', () => {
    expect(judge({ requests: 190, errors: 10 }, 30).verdict).toBe('go-on');
    expect(judge({ requests: 189, errors: 11 }, 30).verdict).toBe('roll-back');
  });

  it('takes out a candidate that is right but slow (F29)', () => {
    expect(judge({ p99LatencyMs: 2003.4 }, 30)).toMatchObject({
      verdict: 'roll-back',
      reason: 'the 99th percentile of latency is 2003 ms; at most 1000 ms may be',
    });
    expect(judge({ p99LatencyMs: 1000 }, 600).verdict).toBe('promote');
    expect(judge({ requests: 19, p99LatencyMs: 2000 }, 30).verdict).toBe('go-on');
  });

  it('bakes once more for too few requests, then gives up', () => {
    expect(judge({ requests: 99 }, 600)).toMatchObject({
      verdict: 'go-on',
      reason: 'not enough data: 99 of at least 100 requests',
    });
    expect(judge({ requests: 100 }, 900).verdict).toBe('promote');
    expect(judge({ requests: 99 }, 1199).verdict).toBe('go-on');
    expect(judge({ requests: 99 }, 1200)).toMatchObject({
      verdict: 'roll-back',
      reason: 'not enough data after twice the bake time: 99 of at least 100 requests',
    });
  });

  it('promotes without a request when the definition asks for none', () => {
    const quiet = rollout.parse({ canary: { weight: 0, bakeSeconds: 60, leastRequests: 0 } });
    const figures = { requests: 0, p99LatencyMs: undefined };
    const unseen = { ...live, candidate: live.candidate && { ...live.candidate, weight: 0 } };
    expect(judge(figures, 60, unseen, quiet).verdict).toBe('promote');
  });

  it('finds a candidate withdrawn that an alarm or a person took out', () => {
    expect(judge({}, 30, aLive({ champion: 1 }))).toEqual({
      verdict: 'withdrawn',
      reason: 'version 2 was taken out of traffic during its canary',
    });
    expect(judge({}, 30, aLive({ champion: 1, candidate: 3 })).verdict).toBe('withdrawn');
  });

  it('agrees with a person who promoted the candidate meanwhile', () => {
    expect(judge({ alarms: ['late'] }, 30, aLive({ champion: 2, previous: 1 }))).toMatchObject({
      verdict: 'promote',
      reason: 'version 2 is the champion already',
    });
  });

  it('uses the limits that the definition leaves unset', () => {
    const defaults = rollout.parse({});
    expect(judge({ requests: 95, errors: 5 }, 30, live, defaults).verdict).toBe('go-on');
    expect(judge({ requests: 94, errors: 6 }, 30, live, defaults).verdict).toBe('roll-back');
    expect(judge({ p99LatencyMs: 1001 }, 30, live, defaults).verdict).toBe('roll-back');
    expect(judge({ requests: 0, errors: 4 }, 30, live, defaults).verdict).toBe('go-on');
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
      // 0.8 ** 41 is 1.06e-4, 0.8 ** 42 is 8.5e-5.
      expect(asked(0, 0, 41).verdict).toBe('go-on');
      expect(asked(0, 0, 42).verdict).toBe('roll-back');
    });

    it('sees a candidate that dies for a part of its requests, and spares one that is a little short', () => {
      // Of 1000: 154 or fewer have the chance 1.06e-4, 153 or fewer 7.6e-5, by SciPy.
      expect(asked(154, 0, 846).verdict).toBe('go-on');
      expect(asked(153, 0, 847).verdict).toBe('roll-back');
    });

    it('counts what failed as done, once: the champion answered it', () => {
      expect(asked(147, 7, 853).verdict).toBe('go-on');
      expect(asked(146, 7, 854).verdict).toBe('roll-back');
    });

    it('has nothing to compare with for a candidate that gets everything or nothing', () => {
      for (const weight of [0, 100]) {
        const all = { ...live, candidate: live.candidate && { ...live.candidate, weight } };
        expect(judge({ requests: 100, championRequests: 1 }, 30, all).verdict).toBe('go-on');
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
