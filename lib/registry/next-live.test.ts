import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { candidatesOf } from './candidates.ts';
import { aLive, at, versionsUpTo } from './fixtures/builders.ts';
import { anAbTest, joined, left } from './fixtures/tests.ts';
import { type LiveChange, nextLive, type Transition, versionsNeeded } from './next-live.ts';
import { type Live, live as liveSchema, neverLive } from './registry.ts';

const later = '2026-11-23T11:00:00.000Z';
const versions = versionsUpTo(9);

const next = (live: Live, change: LiveChange) => nextLive(live, change, versions, later);

function transition(live: Live, change: LiveChange): Transition {
  const made = next(live, change);
  if (!made) throw new Error('the change held already');
  return made;
}

const numbers = ({ champion, candidate, previous, earlier }: Live) => ({
  champion: champion?.version ?? null,
  candidate: candidate?.version ?? null,
  previous: previous?.version ?? null,
  earlier,
});

const canary = (version: number, weight = 20, liveRevision?: number): LiveChange => ({
  kind: 'start-canary',
  version,
  weight,
  runId: `iris-run-${version}`,
  liveRevision,
});

describe('nextLive', () => {
  it('gives a canary its share beside the champion', () => {
    const { live, action, version } = transition(aLive({ champion: 1 }), canary(2, 35));
    expect(numbers(live)).toEqual({ champion: 1, candidate: 2, previous: null, earlier: [] });
    expect(live.candidate).toMatchObject({ weight: 35, runId: 'iris-run-2', since: later });
    expect({ action, version }).toEqual({ action: 'canary-started', version: 2 });
  });

  it('keeps a weight of nothing as nothing', () => {
    expect(transition(aLive({ champion: 1 }), canary(2, 0)).live.candidate?.weight).toBe(0);
  });

  it('widens a canary once, from a time of its own', () => {
    const widen: LiveChange = { kind: 'widen-canary', version: 2, weight: 50 };
    const { live, action } = transition(aLive({ champion: 1, candidate: 2 }), widen);
    expect(live.candidate).toMatchObject({ version: 2, weight: 50, since: at, weightSince: later });
    expect(action).toBe('canary-widened');
    expect(next(live, widen)).toBeUndefined();
    expect(() => next(aLive({ champion: 1, candidate: 3 }), widen)).toThrow(
      expect.objectContaining({ code: 'revision-conflict' }),
    );
  });

  it('keeps callers on one side where the rollout says so', () => {
    const { live } = transition(aLive({ champion: 1 }), { ...canary(2), stickyBy: 'caller' } as LiveChange);
    expect(live.candidate?.stickyBy).toBe('caller');
  });

  it('gives no traffic at once to a version whose run began before a rollback', () => {
    const live = { ...aLive({ champion: 1, revision: 9 }), rolledBackAtRevision: 9 };
    const promote = (liveRevision: number) => next(live, { kind: 'promote', version: 2, liveRevision });
    expect(() => promote(8)).toThrow(expect.objectContaining({ code: 'revision-conflict' }));
    expect(promote(9)?.live.champion?.version).toBe(2);
  });

  it('promotes the candidate and remembers who was champion', () => {
    const before = aLive({ champion: 3, candidate: 4, previous: 2, earlier: [1] });
    const { live, action, version } = transition(before, { kind: 'promote', version: 4, asCandidate: true });
    expect(numbers(live)).toEqual({ champion: 4, candidate: null, previous: 3, earlier: [2, 1] });
    expect(live.champion?.since).toBe(later);
    expect({ action, version }).toEqual({ action: 'promoted', version: 4 });
  });

  it('names an earlier champion that is promoted again only once', () => {
    const before = aLive({ champion: 3, previous: 2, earlier: [1] });
    expect(numbers(transition(before, { kind: 'promote', version: 1 }).live)).toEqual({
      champion: 1,
      candidate: null,
      previous: 3,
      earlier: [2],
    });
    expect(numbers(transition(before, { kind: 'promote', version: 2 }).live)).toMatchObject({
      previous: 3,
      earlier: [1],
    });
  });

  it('withdraws a candidate and leaves the champion as it was', () => {
    const before = aLive({ champion: 1, candidate: 2 });
    const { live, action, version } = transition(before, { kind: 'withdraw-candidate', version: 2 });
    expect(live.candidate).toBeNull();
    expect(live.champion).toEqual(before.champion);
    expect({ action, version }).toEqual({ action: 'candidate-withdrawn', version: 2 });
  });

  it('goes further back with each rollback', () => {
    const before = aLive({ champion: 4, candidate: 5, previous: 3, earlier: [2, 1] });
    const once = transition(before, { kind: 'roll-back' });
    expect(numbers(once.live)).toEqual({ champion: 3, candidate: null, previous: 2, earlier: [1] });
    expect(once).toMatchObject({ action: 'rolled-back', version: 3 });
    const twice = transition(once.live, { kind: 'roll-back' });
    expect(numbers(twice.live)).toEqual({ champion: 2, candidate: null, previous: 1, earlier: [] });
    const thrice = transition(twice.live, { kind: 'roll-back' });
    expect(numbers(thrice.live)).toEqual({ champion: 1, candidate: null, previous: null, earlier: [] });
    expect(() => next(thrice.live, { kind: 'roll-back' })).toThrow(/no earlier champion.*version 1 stays/);
  });

  it('notes at which revision a rollback was made', () => {
    const { live } = transition(aLive({ champion: 2, previous: 1, revision: 11 }), { kind: 'roll-back' });
    expect(live.rolledBackAtRevision).toBe(12);
    expect(transition(live, canary(3)).live.rolledBackAtRevision).toBe(12);
  });

  it('forgets the champions after the one a rollback names', () => {
    const before = aLive({ champion: 5, previous: 4, earlier: [3, 2, 1] });
    expect(numbers(transition(before, { kind: 'roll-back', toVersion: 2 }).live)).toEqual({
      champion: 2,
      candidate: null,
      previous: 1,
      earlier: [],
    });
  });

  it('keeps every good champion when a rollback names a version that never was one', () => {
    const before = aLive({ champion: 5, previous: 4, earlier: [3] });
    expect(numbers(transition(before, { kind: 'roll-back', toVersion: 7 }).live)).toEqual({
      champion: 7,
      candidate: null,
      previous: 4,
      earlier: [3],
    });
  });

  it('keeps the champion when nothing was champion before it', () => {
    expect(() => next(aLive({ champion: 1 }), { kind: 'roll-back' })).toThrow(
      expect.objectContaining({ code: 'no-previous-version' }),
    );
    expect(() => next(neverLive('iris', at), { kind: 'roll-back' })).toThrow(/version none stays/);
  });

  it.each<[string, Live, LiveChange]>([
    ['a canary that is on', aLive({ champion: 1, candidate: 2 }), canary(2)],
    ['a canary of what became champion meanwhile', aLive({ champion: 2, previous: 1 }), canary(2)],
    ['a promotion of the champion', aLive({ champion: 2 }), { kind: 'promote', version: 2 }],
    [
      'a promotion as candidate of the champion',
      aLive({ champion: 2 }),
      { kind: 'promote', version: 2, asCandidate: true },
    ],
    [
      'a first promotion of the champion',
      aLive({ champion: 2 }),
      { kind: 'promote', version: 2, asFirst: true },
    ],
    ['a withdrawal of no candidate', aLive({ champion: 1 }), { kind: 'withdraw-candidate', version: 2 }],
    [
      'a withdrawal of another candidate',
      aLive({ champion: 1, candidate: 3 }),
      { kind: 'withdraw-candidate', version: 2 },
    ],
  ])('changes nothing for %s', (_, live, change) => {
    expect(next(live, change)).toBeUndefined();
    expect(next(live, { ...change, expectedRevision: 1 })).toBeUndefined();
  });

  it.each<[string, string, Live, LiveChange]>([
    ['a second candidate', 'revision-conflict', aLive({ champion: 1, candidate: 2 }), canary(3)],
    [
      'a promotion as candidate of a withdrawn one',
      'revision-conflict',
      aLive({ champion: 1 }),
      { kind: 'promote', version: 2, asCandidate: true },
    ],
    [
      'a promotion as candidate while another one is',
      'revision-conflict',
      aLive({ champion: 1, candidate: 3 }),
      { kind: 'promote', version: 2, asCandidate: true },
    ],
    [
      'a first promotion when another version went live meanwhile',
      'revision-conflict',
      aLive({ champion: 1 }),
      { kind: 'promote', version: 2, asFirst: true },
    ],
    [
      'a rollback to the champion',
      'version-not-servable',
      aLive({ champion: 2, previous: 1 }),
      { kind: 'roll-back', toVersion: 2 },
    ],
    ['a version that is not there', 'version-unknown', aLive({ champion: 1 }), canary(99)],
    [
      'a promotion of one that is not there',
      'version-unknown',
      aLive({ champion: 1 }),
      { kind: 'promote', version: 99 },
    ],
    [
      'a rollback to one that is not there',
      'version-unknown',
      aLive({ champion: 1 }),
      { kind: 'roll-back', toVersion: 99 },
    ],
    [
      'a revision that is past',
      'revision-conflict',
      aLive({ champion: 1, revision: 7 }),
      { kind: 'promote', version: 2, expectedRevision: 6 },
    ],
  ])('refuses %s as %s', (_, code, live, change) => {
    expect(() => next(live, change)).toThrow(expect.objectContaining({ code }));
  });

  it('starts no canary of a run that began before a rollback', () => {
    const rolledBack = { ...aLive({ champion: 1, revision: 9 }), rolledBackAtRevision: 8 };
    expect(() => next(rolledBack, canary(3, 20, 7))).toThrow(/rolled back to version 1/);
    expect(numbers(transition(rolledBack, canary(3, 20, 8)).live).candidate).toBe(3);
  });

  it('keeps at most twenty earlier champions', () => {
    const many = Array.from({ length: 20 }, (_, index) => 100 - index);
    const { live } = transition(aLive({ champion: 2, previous: 1, earlier: many }), {
      kind: 'promote',
      version: 3,
    });
    expect(live.earlier).toHaveLength(20);
    expect(live.earlier[0]).toBe(1);
  });

  it('skips an earlier champion that is no longer in the registry', () => {
    const before = aLive({ champion: 4, previous: 3, earlier: [50, 1] });
    expect(numbers(transition(before, { kind: 'roll-back' }).live)).toEqual({
      champion: 3,
      candidate: null,
      previous: 1,
      earlier: [],
    });
  });

  it('has the versions at hand that it says it needs', () => {
    fc.assert(
      fc.property(fc.array(anyChange, { maxLength: 30 }), (changes) => {
        let live = neverLive('iris', at);
        for (const change of changes) {
          const wanted = versionsNeeded(live, change);
          const atHand = new Map([...versions].filter(([version]) => wanted.includes(version)));
          const whole = outcomeOf(live, change, versions);
          expect(outcomeOf(live, change, atHand)).toEqual(whole);
          if (whole !== undefined && typeof whole !== 'string') live = whole.live;
        }
      }),
    );
  });

  it('holds its promises whatever is asked of it in whatever order', () => {
    fc.assert(
      fc.property(fc.array(anyChange, { maxLength: 40 }), (changes) => {
        let live = neverLive('iris', at);
        for (const change of changes) {
          const made = outcomeOf(live, change, versions);
          if (made === undefined || typeof made === 'string') continue;
          const after = made.live;
          expect(after.revision).toBe(live.revision + 1);
          expect(after.updatedAt).toBe(later);
          expect(liveSchema.parse(after)).toEqual(after);
          const onTrial = candidatesOf(after).map(({ version }) => version);
          expect(onTrial).not.toContain(after.champion?.version ?? null);
          expect(new Set(onTrial).size).toBe(onTrial.length);
          const champions = [
            ...(after.champion ? [after.champion.version] : []),
            ...(after.previous ? [after.previous.version] : []),
            ...after.earlier,
          ];
          expect(new Set(champions).size).toBe(champions.length);
          if (after.champion?.version !== live.champion?.version) {
            expect(['promoted', 'rolled-back']).toContain(made.action);
            expect(made.version).toBe(after.champion?.version);
          }
          expect(live.champion === null || after.champion !== null).toBe(true);
          expect(after.rolledBackAtRevision > live.rolledBackAtRevision).toBe(made.action === 'rolled-back');
          // The same wish again is harmless, except a rollback, which goes further back.
          if (change.kind !== 'roll-back') expect(nextLive(after, change, versions, later)).toBeUndefined();
          live = after;
        }
      }),
    );
  });
});

describe('nextLive of an A/B test', () => {
  const start = (version: number, weight: number, arms?: number): LiveChange => ({
    kind: 'start-canary',
    version,
    weight,
    runId: `iris-run-${version}`,
    ...(arms !== undefined && { arms }),
  });

  it('leaves what is live of one candidate as it always was', () => {
    expect(transition(aLive({ champion: 1 }), start(2, 20, 1)).live).toEqual(
      transition(aLive({ champion: 1 }), start(2, 20)).live,
    );
    expect(transition(aLive({ champion: 1 }), start(2, 20, 1)).live).not.toHaveProperty('test');
  });

  it('lets another join beside those that are there, drawn as the first is', () => {
    const { live } = transition(anAbTest(30), start(3, 20, 4));
    expect(live.candidate).toMatchObject({ version: 2, weight: 30 });
    expect(live.arms).toMatchObject([
      { version: 3, weight: 20, arm: 2, stickyBy: 'caller', spans: [{ from: 30, to: 50 }], since: later },
    ]);
    expect(live.test).toEqual({ id: 'iris-run-2', arms: 4, joined: 2 });
    expect(nextLive(live, start(3, 20, 4), versions, later)).toBeUndefined();
  });

  it('refuses one that shares with nobody, one too many, and a share that is not free', () => {
    expect(() => next(anAbTest(30), start(3, 20))).toThrow(/version 2 of iris is already the candidate/);
    expect(() => next(aLive({ champion: 1, candidate: 2 }), start(3, 20, 4))).toThrow(
      /is already the candidate/,
    );
    const full = joined(anAbTest(30, 2), 3, 20, 2);
    expect(() => next(full, start(4, 10, 2))).toThrow(/2 versions of iris have been in the A\/B test/);
    expect(() => next(left(full, 2), start(4, 10, 2))).toThrow(/no other may join/);
    expect(() => next(anAbTest(60), start(3, 40, 4))).toThrow(/asks for 40 % .* leaves 40 % and some/);
  });

  it('takes one out and leaves the others', () => {
    const { live, version } = transition(joined(anAbTest(30), 3, 20), {
      kind: 'withdraw-candidate',
      version: 2,
    });
    expect([version, live.candidate?.version, live.arms]).toEqual([2, 3, undefined]);
    expect(live.candidate).toMatchObject({ arm: 2, spans: [{ from: 30, to: 50 }] });
    expect(live.test).toMatchObject({ id: 'iris-run-2', joined: 2 });
  });

  it('promotes one of two that ask at once, tells the other a conflict, and ends the test', () => {
    const test = joined(anAbTest(30), 3, 20);
    const won = transition(test, { kind: 'promote', version: 3, asCandidate: true }).live;
    expect(numbers(won)).toEqual({ champion: 3, candidate: null, previous: 1, earlier: [] });
    expect(won).not.toHaveProperty('arms');
    expect(won).not.toHaveProperty('test');
    expect(() => next(won, { kind: 'promote', version: 2, asCandidate: true })).toThrow(
      /version 2 of iris is no longer the candidate.*version 3 is the champion/,
    );
  });

  it('keeps its shares: none of its candidates is widened', () => {
    expect(() => next(anAbTest(30), { kind: 'widen-canary', version: 2, weight: 50 })).toThrow(
      /no longer the candidate/,
    );
  });

  it('ends with a rollback', () => {
    const test = { ...joined(anAbTest(30), 3, 20), previous: aLive({ previous: 4 }).previous };
    const { live } = transition(test, { kind: 'roll-back' });
    expect(live).not.toHaveProperty('arms');
    expect(live).not.toHaveProperty('test');
    expect(live.candidate).toBeNull();
  });
});

const someVersion = fc.integer({ min: 1, max: 10 });
const anyChange: fc.Arbitrary<LiveChange> = fc.oneof(
  fc.record({
    kind: fc.constant('start-canary' as const),
    version: someVersion,
    weight: fc.integer({ min: 0, max: 100 }),
    runId: fc.constant('iris-1'),
    arms: fc.integer({ min: 1, max: 4 }),
  }),
  fc.record({
    kind: fc.constant('promote' as const),
    version: someVersion,
    asCandidate: fc.boolean(),
    asFirst: fc.boolean(),
  }),
  fc.record({ kind: fc.constant('withdraw-candidate' as const), version: someVersion }),
  fc.record({
    kind: fc.constant('roll-back' as const),
    toVersion: fc.option(someVersion, { nil: undefined }),
  }),
);

/** The transition, nothing, or the code of the refusal. */
function outcomeOf(live: Live, change: LiveChange, atHand: typeof versions): Transition | string | undefined {
  try {
    return nextLive(live, change, atHand, later);
  } catch (thrown) {
    return String(Object(thrown).code);
  }
}
