import { describe, expect, it } from 'vitest';
import { coolDownLeftMinutes, oneMoreRetrain, retrainsOfDay } from './budget.ts';

const now = new Date('2026-11-23T12:00:00.000Z');
const retrains = { lastRetrainAt: '2026-11-23T11:00:00.000Z', championVersion: 2, attempts: 2 };
const policy = { cooldownMinutes: 90, mostPerDay: 4 };

describe('oneMoreRetrain', () => {
  it('counts on for the same champion and begins anew for another', () => {
    expect(oneMoreRetrain(retrains, 2, now, 'iris-9')).toEqual({
      lastRetrainAt: now.toISOString(),
      championVersion: 2,
      attempts: 3,
      recent: [now.toISOString()],
      runId: 'iris-9',
    });
    expect(oneMoreRetrain(retrains, 3, now, 'iris-9').attempts).toBe(1);
  });
});

describe('retrainsOfDay', () => {
  it('forgets what is older than a day', () => {
    const recent = ['2026-11-22T11:59:59.000Z', '2026-11-22T12:00:01.000Z'];
    expect(retrainsOfDay({ ...retrains, recent }, now)).toEqual(recent.slice(1));
  });
});

describe('coolDownLeftMinutes', () => {
  it('is what is left, and all of it when the clock was set back', () => {
    expect(coolDownLeftMinutes(retrains, policy, now)).toBe(30);
    expect(coolDownLeftMinutes(retrains, policy, new Date('2026-11-23T10:00:00.000Z'))).toBe(90);
    expect(coolDownLeftMinutes(undefined, policy, now)).toBe(0);
  });
});
