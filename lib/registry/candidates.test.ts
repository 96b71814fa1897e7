import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { candidatesOf, freePlaces, mayJoin, spansOf } from './candidates.ts';
import { aLive } from './fixtures/builders.ts';
import { anAbTest, joined, left } from './fixtures/tests.ts';
import { type Candidate, live as liveSchema } from './registry.ts';

const placesOf = (candidates: readonly Candidate[]) =>
  candidates.flatMap(spansOf).sort((a, b) => a.from - b.from);

describe('freePlaces', () => {
  const of = (from: number, to: number): Candidate => {
    const { candidate } = aLive({ champion: 1, candidate: 2 });
    if (!candidate) throw new Error('no candidate');
    return { ...candidate, weight: to - from, spans: [{ from, to }] };
  };

  it('are the first that nobody has, in as many pieces as it takes', () => {
    expect(freePlaces([of(0, 30)], 20)).toEqual([{ from: 30, to: 50 }]);
    expect(freePlaces([of(10, 30), of(40, 60)], 25)).toEqual([
      { from: 0, to: 10 },
      { from: 30, to: 40 },
      { from: 60, to: 65 },
    ]);
    expect(freePlaces([of(0, 30)], 0)).toEqual([]);
  });

  it('are none when so much is not free, or the champion would have nothing left', () => {
    expect(freePlaces([of(0, 30), of(30, 60)], 41)).toBeUndefined();
    expect(freePlaces([of(0, 30), of(30, 60)], 40)).toBeUndefined();
    expect(freePlaces([of(0, 30), of(30, 60)], 39.9)).toBeDefined();
  });
});

describe('the places of an A/B test', () => {
  it('do not overlap, are as wide as the shares to the last bit of a rounding, and never move', () => {
    const share = fc.double({ min: 0.1, max: 24.9, noNaN: true });
    const step = fc.oneof(fc.record({ share }), fc.record({ leaves: fc.integer({ min: 2, max: 5 }) }));
    fc.assert(
      fc.property(share, fc.array(step, { maxLength: 8 }), (first, steps) => {
        let live = anAbTest(first);
        let newest = 2;
        for (const each of steps) {
          const before = candidatesOf(live);
          if ('leaves' in each) live = left(live, each.leaves);
          else if (mayJoin(live)) {
            newest += 1;
            live = joined(live, newest, each.share);
          }
          expect(liveSchema.parse(live)).toEqual(live);
          const candidates = candidatesOf(live);
          for (const candidate of candidates) {
            const wide = spansOf(candidate).reduce((sum, { from, to }) => sum + to - from, 0);
            expect(Math.abs(wide - candidate.weight)).toBeLessThan(1e-10);
            const known = before.find(({ version }) => version === candidate.version);
            if (known) expect(candidate).toEqual(known);
          }
          const places = placesOf(candidates);
          for (const [index, { from }] of places.entries()) {
            expect(from).toBeGreaterThanOrEqual(places[index - 1]?.to ?? 0);
          }
          expect(candidates.reduce((sum, { weight }) => sum + weight, 0)).toBeLessThan(100);
          // Numbers of those that left are not given again.
          expect(new Set(candidates.map(({ arm = 1 }) => arm)).size).toBe(candidates.length);
        }
      }),
    );
  });
});

describe('mayJoin', () => {
  it('counts those that left, and ends with the last one', () => {
    const test = joined(anAbTest(30, 2), 3, 30, 2);
    expect(mayJoin(anAbTest(30, 2))).toBe(true);
    expect(mayJoin(test)).toBe(false);
    expect(mayJoin(left(test, 2))).toBe(false);
    expect(left(left(test, 2), 3).test).toBeUndefined();
    expect(mayJoin(aLive({ champion: 1, candidate: 2 }))).toBe(false);
  });
});
