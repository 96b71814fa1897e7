import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { aLive } from '../registry/fixtures/builders.ts';
import { anAbTest, joined, left } from '../registry/fixtures/tests.ts';
import type { Live } from '../registry/registry.ts';
import { uuidV7 } from '../shared/ids.ts';
import { candidateAt, drawnFor, drawSide, findLiveVersion, positionOf } from './route.ts';

/** A canary of a weight. */
function canary(weight: number, over: { runId?: string; stickyBy?: 'caller' } = {}): Live {
  const live = aLive({ champion: 1, candidate: 2 });
  return { ...live, candidate: live.candidate && { ...live.candidate, weight, ...over } };
}

const versionOf = (live: Live, id: string, caller?: string) =>
  drawSide(live, id, caller).candidate?.version ?? live.champion?.version;

// Five standard deviations of a binomial share.
const slack = (share: number, count: number) => 5 * Math.sqrt((share * (1 - share)) / count);

describe('drawSide', () => {
  it('never chooses a candidate of weight 0 and always one of weight 100', () => {
    fc.assert(
      fc.property(fc.string(), (id) => {
        expect(versionOf(canary(0), id)).toBe(1);
        expect(versionOf(canary(100), id)).toBe(2);
      }),
    );
  });

  it('gives a candidate its share, also among ids of one moment', () => {
    const ids = Array.from({ length: 20_000 }, () => uuidV7(1_763_900_000_000));
    const candidates = ids.filter((id) => versionOf(canary(20), id) === 2).length;
    expect(Math.abs(candidates / ids.length - 0.2)).toBeLessThan(slack(0.2, ids.length));
  });

  it('gives what begins at a share to the champion, to the last bit', () => {
    const { candidate } = canary(20);
    expect(candidate && candidateAt([candidate], 0.2)).toBeUndefined();
    expect(candidate && candidateAt([candidate], 0.2 - Number.EPSILON)).toBe(candidate);
  });

  it('gives each of several its share of the callers, and the champion what is left', () => {
    const live = joined(joined(anAbTest(30), 3, 20), 4, 10);
    const keys = Array.from({ length: 20_000 }, (_, index) => `key ${index}`);
    const answered = keys.map((key) => versionOf(live, 'p', key));
    const shares = { 1: 0.4, 2: 0.3, 3: 0.2, 4: 0.1 };
    for (const [version, share] of Object.entries(shares)) {
      const seen = answered.filter((each) => each === Number(version)).length / keys.length;
      expect(Math.abs(seen - share)).toBeLessThan(slack(share, keys.length));
    }
  });

  it("moves no caller of the others when one joins or leaves: theirs were, or are again, the champion's", () => {
    const share = fc.integer({ min: 1, max: 24 });
    const step = fc.oneof(fc.record({ share }), fc.record({ leaves: fc.integer({ min: 2, max: 5 }) }));
    const keys = Array.from({ length: 300 }, (_, index) => `key ${index}`);
    fc.assert(
      fc.property(share, fc.array(step, { maxLength: 6 }), (first, steps) => {
        let live = anAbTest(first);
        let newest = 2;
        for (const each of steps) {
          const before = live;
          if ('share' in each && live.test && live.test.joined < live.test.arms) {
            newest += 1;
            live = joined(live, newest, each.share);
          } else if ('leaves' in each) live = left(live, each.leaves);
          for (const key of keys) {
            const [was, is] = [versionOf(before, 'p', key), versionOf(live, 'p', key)];
            if (was === is) continue;
            // Only between the champion and the one that joined or left.
            expect([was, is]).toContain(1);
            expect([was, is]).toContain('share' in each ? newest : each.leaves);
          }
        }
      }),
      { numRuns: 60 },
    );
  });
});

describe('drawnFor', () => {
  it('draws each request by itself unless the rollout keeps callers together', () => {
    expect(drawnFor({}, 'run', 'p-1', 'key')).toEqual({ id: 'p-1' });
    expect(drawnFor({ stickyBy: 'caller' }, 'run', 'p-1', undefined)).toEqual({ id: 'p-1' });
  });

  it('keeps a caller on one side for a run, and gives callers their exact share', () => {
    const sideOf = (runId: string, key: string, request: string) =>
      versionOf(canary(20, { runId, stickyBy: 'caller' }), request, key);
    const keys = Array.from({ length: 20_000 }, (_, index) => `key ${index}`);
    const first = keys.map((key) => sideOf('run 1', key, 'a'));
    expect(keys.map((key) => sideOf('run 1', key, 'b'))).toEqual(first);
    const share = first.filter((side) => side === 2).length / keys.length;
    expect(Math.abs(share - 0.2)).toBeLessThan(slack(0.2, keys.length));
    expect(keys.map((key) => sideOf('run 2', key, 'a'))).not.toEqual(first);
  });

  it('tells neither the key nor the position of a caller', () => {
    const { id, caller } = drawnFor({ stickyBy: 'caller' }, 'run', 'p-1', 'secret');
    expect(caller).toMatch(/^[0-9a-f]{16}$/);
    expect(caller).not.toContain('secret');
    expect(positionOf(id)).not.toBe(positionOf(caller ?? ''));
  });
});

describe('findLiveVersion', () => {
  it('knows every candidate of an A/B test by its side', () => {
    const live = joined(anAbTest(30), 3, 20);
    expect(['1', '2', '3'].map((wanted) => findLiveVersion(live, wanted).variant)).toEqual([
      'champion',
      'candidate',
      'candidate-2',
    ]);
    expect(() => findLiveVersion(live, '9')).toThrow(/live are 1, 2, 3/);
  });
});
