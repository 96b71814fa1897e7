import { describe, expect, it } from 'vitest';
import { type Live, neverLive, toLiveVersion } from '../registry/registry.ts';
import { EvergreenError } from '../shared/errors.ts';
import { aModelVersion, anAlarm, type Fault, World } from './fixtures/builders.ts';

const now = new Date('2026-11-23T12:00:00.000Z');
const alarmAt = '2026-11-23T11:59:00.000Z';
const liveVersion = (version: number, since: string) => toLiveVersion(aModelVersion(version), since);

/** Version 3 took over two hours ago, after 2 and 1. */
const young: Live = {
  ...neverLive('iris', now.toISOString()),
  champion: liveVersion(3, '2026-11-23T10:00:00.000Z'),
  previous: liveVersion(2, '2026-11-20T10:00:00.000Z'),
  earlier: [1],
  revision: 7,
};
const withCandidate: Live = {
  ...young,
  candidate: { ...liveVersion(4, '2026-11-23T11:50:00.000Z'), weight: 10, runId: 'iris-4' },
};

const aWorld = (live: Live = young) => new World(live, now, [1, 2, 3, 4]);

describe('Remediator', () => {
  it('rolls a young failing champion back and says why in the log', async () => {
    const world = aWorld();
    const judged = await world.remediator.judge(anAlarm('champion-errors', alarmAt));
    expect(judged).toMatchObject({ action: 'roll-back', isRepeat: false, page: false });
    expect(world.live.champion?.version).toBe(2);
    expect(world.log.map(({ action }) => action)).toEqual(['rolled-back', 'alarm-judged']);
    expect(world.log[1]).toMatchObject({
      who: 'alarm:evergreen-test-iris-champion-errors',
      version: 3,
      championBefore: 3,
      championAfter: 2,
      details: { decision: { action: 'roll-back', version: 3, toVersion: 2 }, changedAt: alarmAt },
    });
  });

  it('takes a failing candidate out and leaves the champion', async () => {
    const world = aWorld(withCandidate);
    await world.remediator.judge(anAlarm('candidate-errors', alarmAt));
    expect(world.live.candidate).toBeNull();
    expect(world.live.champion?.version).toBe(3);
  });

  it('asks for a retrain under an id that the alarm determines', async () => {
    const world = aWorld();
    await world.remediator.judge(anAlarm('drift', alarmAt));
    expect(world.requests).toEqual([
      {
        kind: 'retrain',
        model: 'iris',
        reason: expect.stringMatching(/^drift: champion 3/),
        requestId: `evergreen-test-iris-drift@${alarmAt}`,
      },
    ]);
  });

  it('acts once on an alarm that is delivered twice', async () => {
    const world = aWorld();
    await world.remediator.judge(anAlarm('champion-errors', alarmAt));
    const again = await world.remediator.judge(anAlarm('champion-errors', alarmAt));
    expect(again).toMatchObject({ isRepeat: true, action: 'roll-back' });
    expect(world.changes).toBe(1);
    expect(world.log).toHaveLength(2);
  });

  it('acts once on an alarm that two processes judge at the same time', async () => {
    const world = aWorld();
    const alarm = anAlarm('drift', alarmAt);
    await Promise.all([world.remediator.judge(alarm), world.remediator.judge(alarm)]);
    expect(new Set(world.requests.map(({ requestId }) => requestId)).size).toBe(1);
    expect(world.retrains?.attempts).toBe(1);
  });

  it('rolls back once when eight processes judge the same alarm at the same time', async () => {
    const world = aWorld();
    const alarm = anAlarm('champion-errors', alarmAt);
    const all = await Promise.all(Array.from({ length: 8 }, () => world.remediator.judge(alarm)));
    expect(world.changes).toBe(1);
    expect(world.live.champion?.version).toBe(2);
    expect(all.filter(({ isRepeat }) => !isRepeat)).toHaveLength(1);
    expect(all.every(({ page }) => !page)).toBe(true);
  });

  it('ignores an old change that comes after a newer one of the same alarm', async () => {
    const world = aWorld();
    await world.remediator.judge(anAlarm('champion-errors', '2026-11-23T11:59:30.000Z', 'OK'));
    const late = await world.remediator.judge(anAlarm('champion-errors', alarmAt));
    expect(late).toMatchObject({ action: 'leave', reason: expect.stringContaining('changed again since') });
    expect(world.live.champion?.version).toBe(3);
    expect(world.newest.get('evergreen-test-iris-champion-errors')).toBe('2026-11-23T11:59:30.000Z');
  });

  it('retrains once for an alarm that flaps ten times in five minutes', async () => {
    const world = aWorld();
    const actions: string[] = [];
    for (let flap = 0; flap < 10; flap += 1) {
      world.now = new Date(now.getTime() + flap * 30_000);
      const changedAt = new Date(world.now.getTime() - 1000).toISOString();
      actions.push((await world.remediator.judge(anAlarm('drift', changedAt))).action);
    }
    expect(actions).toEqual(['retrain', ...Array.from({ length: 9 }, () => 'leave')]);
    expect(world.requests).toHaveLength(1);
  });

  it('gives two alarms of a model one retrain', async () => {
    const world = aWorld({ ...young, previous: null });
    await Promise.all([
      world.remediator.judge(anAlarm('drift', alarmAt)),
      world.remediator.judge(anAlarm('quality', alarmAt)),
    ]);
    expect(world.requests).toHaveLength(1);
  });

  it('does not go down the ladder of versions when the alarm comes again after a rollback', async () => {
    const world = aWorld();
    await world.remediator.judge(anAlarm('champion-errors', alarmAt));
    world.now = new Date('2026-11-23T12:10:00.000Z');
    const second = await world.remediator.judge(anAlarm('champion-errors', '2026-11-23T12:09:00.000Z'));
    expect(second).toMatchObject({ action: 'shadow-train', page: true });
    expect(world.live.champion?.version).toBe(2);
  });

  it('makes one run and one follow-up of twenty alarms in a minute', async () => {
    const champion = liveVersion(3, '2026-11-20T10:00:00.000Z');
    const world = aWorld({ ...young, champion });
    world.policy = { cooldownMinutes: 0 };
    const minute = (second: number) => `2026-11-23T11:59:${String(second).padStart(2, '0')}.000Z`;
    world.now = new Date(minute(0));
    await world.remediator.judge(anAlarm('drift', minute(0)));
    expect(world.retrains?.runId).toMatch(/^iris-[0-9a-f]{16}$/);
    world.runInFlight = 'iris-run';
    for (let second = 1; second < 20; second += 1) {
      world.now = new Date(minute(second));
      const judged = await world.remediator.judge(
        anAlarm(second % 2 ? 'champion-latency' : 'drift', minute(second)),
      );
      expect(judged.action).toBe('wait');
    }
    expect(world.requests).toHaveLength(1);
    expect(world.waiting.size).toBe(2);
    world.now = now;
    world.runInFlight = undefined;
    const after = await world.remediator.judgeWaiting('iris', 'iris-run');
    expect(after.map(({ action }) => action)).toEqual(['retrain']);
    expect(world.requests).toHaveLength(2);
    // Told twice, it is done once.
    world.runInFlight = 'iris-run-2';
    await world.remediator.judgeWaiting('iris', 'iris-run');
    expect(world.requests).toHaveLength(2);
    // What else waited is older than the follow-up.
    world.runInFlight = undefined;
    await world.remediator.judgeWaiting('iris', 'iris-run-2');
    expect(world.requests).toHaveLength(2);
    expect(world.waiting.size).toBe(0);
  });

  it('does not judge what waited and went quiet, or is older than what the run made champion', async () => {
    const world = aWorld();
    world.runInFlight = 'iris-run';
    await world.remediator.judge(anAlarm('drift', '2026-11-23T11:50:00.000Z'));
    await world.remediator.judge(anAlarm('quality', '2026-11-23T11:51:00.000Z', 'ALARM'));
    expect([...world.waiting.keys()]).toEqual(['evergreen-test-iris-drift']);
    await world.remediator.judge(anAlarm('drift', '2026-11-23T11:52:00.000Z', 'OK'));
    world.runInFlight = undefined;
    expect(await world.remediator.judgeWaiting('iris', 'iris-run')).toEqual([]);
    expect(world.waiting.size).toBe(0);
    expect(world.requests).toEqual([]);
  });

  it('leaves a kept alarm that the promoted version of the run has answered', async () => {
    const world = aWorld();
    world.runInFlight = 'iris-run';
    await world.remediator.judge(anAlarm('drift', '2026-11-23T11:50:00.000Z'));
    world.live = { ...world.live, champion: liveVersion(4, '2026-11-23T11:55:00.000Z') };
    world.runInFlight = undefined;
    expect(await world.remediator.judgeWaiting('iris', 'iris-run')).toMatchObject([
      { action: 'leave', reason: expect.stringContaining('older than champion 4') },
    ]);
  });

  it('judges an alarm at once whose run ended while it was being kept', async () => {
    let asked = 0;
    const world = new World(young, now, [1, 2, 3], {
      findRunInFlight: async () => (asked++ === 0 ? 'iris-run' : undefined),
    });
    await world.remediator.judge(anAlarm('drift', alarmAt));
    expect(world.requests).toHaveLength(1);
    expect(world.waiting.size).toBe(0);
  });

  it('does not go back to a version that had the same kind of alarm', async () => {
    const world = aWorld();
    const line = {
      model: 'iris',
      at: '2026-11-22T10:00:00.000Z',
      revision: 5,
      action: 'alarm-judged' as const,
      version: 2,
      championBefore: 2,
      championAfter: 2,
      who: 'alarm:x',
      why: 'it failed',
      details: { state: 'ALARM', symptom: 'champion-latency' },
    };
    world.log.push(line);
    expect(await world.remediator.judge(anAlarm('champion-errors', alarmAt))).toMatchObject({
      action: 'shadow-train',
      page: true,
    });
    expect(world.requests).toMatchObject([{ kind: 'shadow-retrain' }]);
    expect(world.live.champion?.version).toBe(3);
    const bad = aWorld();
    bad.log.push({ ...line, details: { state: 'ALARM', symptom: 'quality' } });
    expect(await bad.remediator.judge(anAlarm('champion-errors', alarmAt))).toMatchObject({
      action: 'roll-back',
    });
  });

  it('calls a person after three retrains that brought nothing better', async () => {
    const world = aWorld();
    const found: [string, boolean][] = [];
    for (let day = 0; day < 4; day += 1) {
      world.now = new Date(now.getTime() + day * 86_400_000);
      const changedAt = new Date(world.now.getTime() - 1000).toISOString();
      const { action, page } = await world.remediator.judge(anAlarm('drift', changedAt));
      found.push([action, page]);
    }
    expect(found).toEqual([
      ['retrain', false],
      ['retrain', false],
      ['retrain', false],
      ['leave', true],
    ]);
  });

  it.each<[Fault, 'champion-errors' | 'drift']>([
    ['before change', 'champion-errors'],
    ['after change', 'champion-errors'],
    ['in log', 'champion-errors'],
    ['before finish', 'champion-errors'],
    ['after request', 'drift'],
    ['before finish', 'drift'],
  ])('finishes the same decision, once, when it died %s of %s', async (fault, symptom) => {
    const world = aWorld();
    world.fault = fault;
    const alarm = anAlarm(symptom, alarmAt);
    await expect(world.remediator.judge(alarm)).rejects.toThrow(`died ${fault}`);
    // Minutes later, and as if the champion were old by now: the decision on record is the one that counts.
    world.now = new Date('2026-11-25T12:05:00.000Z');
    const judged = await world.remediator.judge(alarm);
    expect(judged.isRepeat).toBe(false);
    if (symptom === 'champion-errors') {
      expect(world.changes).toBe(1);
      expect(world.live.champion?.version).toBe(2);
    } else {
      expect(new Set(world.requests.map(({ requestId }) => requestId)).size).toBe(1);
      expect(world.retrains?.attempts).toBe(1);
    }
    const lines = world.log.filter(({ action }) => action === 'alarm-judged');
    expect(new Set(lines.map(({ at }) => at))).toEqual(new Set([now.toISOString()]));
    expect((await world.remediator.judge(alarm)).isRepeat).toBe(true);
  });

  it('does not roll back a version that took over between decision and deed', async () => {
    const world = aWorld();
    world.fault = 'before change';
    const alarm = anAlarm('champion-errors', alarmAt);
    await expect(world.remediator.judge(alarm)).rejects.toThrow();
    world.live = { ...world.live, champion: liveVersion(4, now.toISOString()), revision: 8 };
    const judged = await world.remediator.judge(alarm);
    expect(judged.outcome).toContain('version 4 took over meanwhile');
    expect(world.live.champion?.version).toBe(4);
  });

  it('stays and calls a person when the version before is not in the registry', async () => {
    const world = new World(young, now, [3]);
    const judged = await world.remediator.judge(anAlarm('champion-errors', alarmAt));
    expect(judged).toMatchObject({ action: 'roll-back', page: true });
    expect(judged.outcome).toContain('could not be done');
    expect(world.live.champion?.version).toBe(3);
  });

  it('leaves an alarm that is of no model, or of one that is not deployed, to a person', async () => {
    const world = aWorld();
    const foreign = { ...anAlarm('drift', alarmAt), alarm: 'evergreen-test-dead-letters', subject: null };
    expect(await world.remediator.judge(foreign)).toMatchObject({ action: 'leave', page: true, model: null });
    const unknown = anAlarm('drift', alarmAt, 'ALARM', 'wine');
    expect(await world.remediator.judge(unknown)).toMatchObject({ action: 'leave', page: true });
    expect(world.log).toEqual([]);
  });

  it('gives up, to be delivered again, when others keep judging the same alarm', async () => {
    const world = new World(young, now, [1, 2, 3], {
      judgements: {
        find: async () => undefined,
        newestChange: async () => undefined,
        readRetrains: async () => undefined,
        keep: async () => false,
        finish: async () => true,
        keepWaiting: async () => undefined,
        listWaiting: async () => [],
        stopWaiting: async () => undefined,
      },
    });
    await expect(world.remediator.judge(anAlarm('drift', alarmAt))).rejects.toThrow(EvergreenError);
  });
});
