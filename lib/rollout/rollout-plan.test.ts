import { describe, expect, it } from 'vitest';
import { rollout } from '../model/policies.ts';
import { aLive, at } from '../registry/fixtures/builders.ts';
import { type Live, neverLive } from '../registry/registry.ts';
import { planRollout } from './rollout-plan.ts';

const policy = rollout.parse({ canary: { weight: 20, bakeSeconds: 600 } });
const plan = (live: Live, version: number, liveRevision = live.revision, bakeSecondsOfStage?: number) =>
  planRollout(live, { version, liveRevision }, policy, bakeSecondsOfStage);

describe('planRollout', () => {
  it('gives a version its canary beside the champion', () => {
    expect(plan(aLive({ champion: 1 }), 2)).toEqual({
      outcome: 'go',
      hasChampion: true,
      isCanary: true,
      kind: 'canary',
      stickyBy: 'request',
      weights: [20],
      arms: 1,
      bakeSeconds: 600,
      lookEverySeconds: 30,
    });
  });

  it('takes the steps of the definition', () => {
    const stepped = rollout.parse({ canary: { steps: [5, 25, 100] } });
    expect(planRollout(aLive({ champion: 1 }), { version: 2, liveRevision: 7 }, stepped)).toMatchObject({
      weights: [5, 25, 100],
      isCanary: true,
    });
    expect(rollout.safeParse({ canary: { steps: [25, 5] } }).error?.issues[0]?.message).toBe(
      'each step must be greater than the one before',
    );
    expect(rollout.safeParse({ canary: { steps: [0, 5] } }).success).toBe(false);
  });

  it('splits by fixed shares for days in an A/B test, however short the stage bakes', () => {
    const ab = rollout.parse({ strategy: 'ab', ab: { share: 30, mostDays: 7 } });
    expect(planRollout(aLive({ champion: 1 }), { version: 2, liveRevision: 7 }, ab, 2)).toEqual({
      outcome: 'go',
      hasChampion: true,
      isCanary: true,
      kind: 'A/B test',
      stickyBy: 'caller',
      weights: [30],
      arms: 1,
      bakeSeconds: 604_800,
      lookEverySeconds: 3600,
    });
    const several = rollout.parse({ strategy: 'ab', ab: { arms: 3 } });
    expect(planRollout(aLive({ champion: 1 }), { version: 2, liveRevision: 7 }, several)).toMatchObject({
      weights: [25],
      arms: 3,
    });
    const eager = rollout.parse({ strategy: 'ab', ab: { mostDays: 14, lookEverySeconds: 1 } });
    const started = planRollout(aLive({ champion: 1 }), { version: 2, liveRevision: 7 }, eager);
    expect(started).toMatchObject({ lookEverySeconds: 1512 });
  });

  it('looks seldom enough in a long bake for one execution to hold all looks', () => {
    const long = rollout.parse({ canary: { steps: [5, 50], bakeSeconds: 604_800 } });
    const started = planRollout(aLive({ champion: 1 }), { version: 2, liveRevision: 7 }, long);
    expect(started).toMatchObject({ lookEverySeconds: 3024 });
  });

  it('gives all traffic at once where the definition is blue-green', () => {
    const blueGreen = rollout.parse({ strategy: 'blue-green' });
    const started = planRollout(aLive({ champion: 1 }), { version: 2, liveRevision: 7 }, blueGreen);
    expect(started).toMatchObject({ outcome: 'go', hasChampion: true, isCanary: false });
  });

  it('gives no traffic to what was trained to be at hand', () => {
    const started = planRollout(
      aLive({ champion: 1 }),
      { version: 2, liveRevision: 7, trigger: 'shadow-retrain' },
      policy,
    );
    expect(started).toEqual({
      outcome: 'superseded',
      reason:
        'version 2 was trained to be at hand; look at it and promote it if it is wanted: evergreen models promote iris 2',
    });
  });

  it('leaves a pinned champion, and takes a first version', () => {
    const pinned = rollout.parse({ strategy: 'pinned' });
    expect(planRollout(aLive({ champion: 1 }), { version: 2, liveRevision: 7 }, pinned)).toEqual({
      outcome: 'superseded',
      reason:
        'iris is pinned to version 1; promote version 2 by hand if it is wanted: evergreen models promote iris 2',
    });
    const first = planRollout(neverLive('iris', at), { version: 1, liveRevision: 0 }, pinned);
    expect(first).toMatchObject({ outcome: 'go', hasChampion: false, isCanary: false });
  });

  it('has nothing to compare the first version with', () => {
    expect(plan(neverLive('iris', at), 1)).toMatchObject({ outcome: 'go', hasChampion: false });
  });

  it('needs no canary for what is champion already', () => {
    expect(plan(aLive({ champion: 2 }), 2)).toMatchObject({ outcome: 'go', hasChampion: false });
  });

  it('does not undo a rollback that was made while the run was on (F33)', () => {
    const live = { ...aLive({ champion: 1, revision: 9 }), rolledBackAtRevision: 9 };
    expect(plan(live, 3, 8)).toEqual({
      outcome: 'superseded',
      reason:
        'iris was rolled back to version 1 while this run was on; promote version 3 by hand if it is wanted',
    });
    expect(plan(live, 3, 9).outcome).toBe('go');
  });

  it('minds no other change of what is live', () => {
    expect(plan(aLive({ champion: 1, revision: 9 }), 3, 2).outcome).toBe('go');
  });

  it('lets the newer of two versions stay that ended together (F15)', () => {
    expect(plan(aLive({ champion: 4 }), 3)).toEqual({
      outcome: 'superseded',
      reason: 'version 4 of iris went live first',
    });
  });

  it('bakes as long as the stage says where the definition cannot be waited for', () => {
    expect(plan(aLive({ champion: 1 }), 2, 7, 4)).toMatchObject({ bakeSeconds: 4, lookEverySeconds: 1 });
    expect(plan(aLive({ champion: 1 }), 2, 7, 50)).toMatchObject({ bakeSeconds: 50, lookEverySeconds: 10 });
  });

  it('keeps a weight of nothing as nothing', () => {
    const quiet = rollout.parse({ canary: { weight: 0 } });
    expect(planRollout(aLive({ champion: 1 }), { version: 2, liveRevision: 7 }, quiet)).toMatchObject({
      weights: [0],
    });
  });
});
