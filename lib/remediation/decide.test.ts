import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { defineModel } from '../model/definition.ts';
import type { LiveVersion } from '../registry/registry.ts';
import { symptoms } from './alarm-change.ts';
import { maxFruitlessRetrains } from './budget.ts';
import { decide, rules, type Situation } from './decide.ts';

const now = new Date('2026-11-23T12:00:00Z');
const policy = defineModel({
  name: 'iris',
  task: 'classification',
  features: { a: { type: 'number' } },
  target: { name: 't', type: 'category', categories: ['x', 'y'] },
  train: {},
}).retrain;

function aVersion(version: number, since = '2026-11-23T10:00:00.000Z'): LiveVersion {
  const digest = 'a'.repeat(64);
  return {
    version,
    packagePrefix: 'p/',
    packageDigest: digest,
    modelDigest: digest,
    datasetId: 'ds-1',
    since,
  };
}

const aCandidate = (version: number) => ({ ...aVersion(version), weight: 10, runId: 'run' });

function aSituation(changes: Partial<Situation> = {}): Situation {
  return {
    symptom: 'champion-errors',
    state: 'ALARM',
    changedAt: '2026-11-23T11:59:00.000Z',
    now,
    live: { model: 'iris', champion: aVersion(2), candidate: null, previous: aVersion(1) },
    isRestored: false,
    isPreviousUnhealthy: false,
    newLabels: 5,
    policy,
    retrains: undefined,
    runInFlight: undefined,
    ...changes,
  };
}

const live = (changes: Partial<Situation['live']>) => ({ ...aSituation().live, ...changes });
const old = live({ champion: aVersion(2, '2026-11-20T10:00:00.000Z') });
const first = live({ previous: null });
const retrainedAt = (lastRetrainAt: string, attempts = 1, championVersion = 2) => ({
  lastRetrainAt,
  attempts,
  championVersion,
});

/** One line for each way through the rules: what is known, what is done, whether a person is called, why. */
const table: [string, Partial<Situation>, string, boolean, RegExp][] = [
  ['the end of an alarm', { state: 'OK' }, 'leave', false, /went to OK/],
  ['missing data', { state: 'INSUFFICIENT_DATA' }, 'leave', false, /INSUFFICIENT_DATA/],
  [
    'a monitor that fell silent, whose alarm knows no other state',
    { symptom: 'staleness', state: 'INSUFFICIENT_DATA' },
    'leave',
    true,
    /not heard/,
  ],
  ['a monitor that is heard again', { symptom: 'staleness', state: 'OK' }, 'leave', false, /went to OK/],
  ['a version that cannot be loaded', { symptom: 'load-failures' }, 'leave', true, /could not be loaded/],
  [
    'quality that is estimated to be low',
    { symptom: 'quality-estimated' },
    'leave',
    true,
    /labels would prove/,
  ],
  ['a champion of old data', { symptom: 'data-age' }, 'leave', true, /older than the definition allows/],
  ['odd answers of a young champion', { symptom: 'answers' }, 'roll-back', false, /alarm for answers/],
  ['odd answers of an old champion', { symptom: 'answers', live: old }, 'leave', true, /nearly all answers/],
  ['answers that drifted', { symptom: 'drift-outputs' }, 'retrain', false, /drift-outputs/],
  ['a concept that drifted', { symptom: 'drift-concept' }, 'retrain', false, /drift-concept/],
  [
    'a concept that drifted, where drift retrains nothing',
    { symptom: 'drift-concept', policy: { ...policy, onDrift: false } },
    'leave',
    true,
    /does not retrain on drift/,
  ],
  ['an alarm of a candidate that is gone', { symptom: 'candidate-errors' }, 'leave', false, /no candidate/],
  [
    'an alarm from before the candidate',
    {
      symptom: 'candidate-latency',
      live: live({ candidate: aCandidate(3) }),
      changedAt: '2026-11-23T09:59:59.000Z',
    },
    'leave',
    false,
    /older than the canary of version 3/,
  ],
  [
    'a failing candidate',
    { symptom: 'candidate-errors', live: live({ candidate: aCandidate(3) }) },
    'withdraw-candidate',
    false,
    /candidate 3 is in alarm for errors/,
  ],
  [
    'a slow candidate',
    { symptom: 'candidate-latency', live: live({ candidate: aCandidate(3) }) },
    'withdraw-candidate',
    false,
    /latency/,
  ],
  [
    'a failing candidate without a champion',
    { symptom: 'candidate-errors', live: live({ champion: null, previous: null, candidate: aCandidate(1) }) },
    'withdraw-candidate',
    false,
    /candidate 1/,
  ],
  ['no champion', { live: live({ champion: null }) }, 'leave', false, /no champion/],
  [
    'an alarm from before the champion',
    { changedAt: '2026-11-23T09:59:59.999Z' },
    'leave',
    false,
    /older than champion 2/,
  ],
  ['a young champion that fails', {}, 'roll-back', false, /version 1 came before/],
  ['a young champion that is slow', { symptom: 'champion-latency' }, 'roll-back', false, /latency/],
  ['a young champion that answers badly', { symptom: 'quality' }, 'roll-back', false, /quality/],
  ['a young champion under drift', { symptom: 'drift' }, 'retrain', false, /newer rows/],
  ['a young champion that fails and is the first', { live: first }, 'shadow-train', true, /a person looks/],
  [
    'a young champion that answers badly and is the first',
    { symptom: 'quality', live: first },
    'retrain',
    false,
    /./,
  ],
  ['an old champion that fails', { live: old }, 'shadow-train', true, /a person looks/],
  [
    'an old champion that is slow',
    { live: old, symptom: 'champion-latency' },
    'shadow-train',
    true,
    /latency/,
  ],
  ['an old champion that answers badly', { live: old, symptom: 'quality' }, 'retrain', false, /newer rows/],
  ['a champion that came back by a rollback', { isRestored: true }, 'shadow-train', true, /a person looks/],
  [
    'a young champion that fails as the one before it did',
    { isPreviousUnhealthy: true },
    'shadow-train',
    true,
    /a person looks/,
  ],
  [
    'a failing champion and no labels',
    { live: old, newLabels: 0 },
    'leave',
    true,
    /neither a rollback nor a retrain/,
  ],
  ['drift and no labels', { symptom: 'drift', newLabels: 0 }, 'leave', true, /no labelled rows came/],
  [
    'drift and fewer labels than the definition wants',
    { symptom: 'drift', newLabels: 5, policy: { ...policy, leastLabels: 6 } },
    'leave',
    true,
    /no labelled rows came/,
  ],
  [
    'the budget of a day',
    {
      symptom: 'drift',
      policy: { ...policy, cooldownMinutes: 0, mostPerDay: 2 },
      retrains: {
        ...retrainedAt('2026-11-23T08:00:00.000Z'),
        recent: ['2026-11-22T13:00:00.000Z', '2026-11-23T08:00:00.000Z'],
      },
    },
    'leave',
    true,
    /2 of 2 of a day were asked for/,
  ],
  [
    'the budget of a day, a day later',
    {
      symptom: 'drift',
      policy: { ...policy, cooldownMinutes: 0, mostPerDay: 2 },
      retrains: {
        ...retrainedAt('2026-11-23T08:00:00.000Z'),
        recent: ['2026-11-22T11:00:00.000Z', '2026-11-23T08:00:00.000Z'],
      },
    },
    'retrain',
    false,
    /./,
  ],
  [
    'drift where the definition forbids it',
    { symptom: 'drift', policy: { ...policy, onDrift: false } },
    'leave',
    true,
    /does not retrain on drift/,
  ],
  [
    'quality where the definition forbids it',
    { symptom: 'quality', live: old, policy: { ...policy, onQuality: false } },
    'leave',
    true,
    /does not retrain on quality/,
  ],
  [
    'low quality of a young champion, retraining forbidden',
    { symptom: 'quality', policy: { ...policy, onQuality: false } },
    'roll-back',
    false,
    /came before/,
  ],
  [
    'drift of a model that is trained once',
    { symptom: 'drift', policy: { ...policy, update: 'one-off' } },
    'leave',
    true,
    /one-off; upload a file/,
  ],
  [
    'failing requests of a young champion that is trained once',
    { policy: { ...policy, update: 'one-off' } },
    'roll-back',
    false,
    /./,
  ],
  [
    'failing requests of an old champion that is trained once',
    { live: old, policy: { ...policy, update: 'one-off' } },
    'leave',
    true,
    /one-off; upload a file/,
  ],
  ['a run at work', { symptom: 'drift', runInFlight: 'iris-1' }, 'wait', false, /run iris-1/],
  ['a run at work while requests fail', { live: old, runInFlight: 'iris-1' }, 'wait', true, /run iris-1/],
  ['a rollback needs no run to end', { runInFlight: 'iris-1' }, 'roll-back', false, /./],
  [
    'the cool-down',
    { symptom: 'drift', retrains: retrainedAt('2026-11-23T06:00:00.001Z') },
    'leave',
    false,
    /in 1 minutes/,
  ],
  [
    'the end of the cool-down',
    { symptom: 'drift', retrains: retrainedAt('2026-11-23T06:00:00.000Z') },
    'retrain',
    false,
    /./,
  ],
  [
    'a clock that was set back',
    { symptom: 'drift', retrains: retrainedAt('2026-11-23T13:00:00.000Z') },
    'leave',
    false,
    /in 360 minutes/,
  ],
  [
    'retrains that brought nothing',
    { symptom: 'drift', retrains: retrainedAt('2026-11-22T06:00:00.000Z', maxFruitlessRetrains) },
    'leave',
    true,
    /3 retrains brought no better version/,
  ],
  [
    'an alarm from before the last retrain, which brought nothing better',
    {
      symptom: 'drift',
      policy: { ...policy, cooldownMinutes: 0 },
      retrains: retrainedAt('2026-11-23T11:59:30.000Z'),
    },
    'leave',
    true,
    /older than the retrain of 2026-11-23T11:59:30.000Z, which brought no better version than 2$/,
  ],
  [
    'an alarm from after the last retrain',
    {
      symptom: 'drift',
      policy: { ...policy, cooldownMinutes: 0 },
      retrains: retrainedAt('2026-11-23T11:58:30.000Z'),
    },
    'retrain',
    false,
    /./,
  ],
  [
    'retrains that were for another champion',
    { symptom: 'drift', retrains: retrainedAt('2026-11-22T06:00:00.000Z', maxFruitlessRetrains, 1) },
    'retrain',
    false,
    /./,
  ],
];

describe('decide', () => {
  it.each(table)('%s', (_, changes, action, page, reason) => {
    const found = decide(aSituation(changes));
    expect(found).toMatchObject({ action, page });
    expect(found.reason).toMatch(reason);
  });

  it('reaches each of its rules', () => {
    const spoke = new Set(
      table.map(([, changes]) => rules.find((rule) => rule.decide(aSituation(changes)))?.name),
    );
    expect([...spoke].sort()).toEqual(rules.map(({ name }) => name).sort());
  });

  it('names the version to blame and the one to go back to', () => {
    expect(decide(aSituation())).toMatchObject({ version: 2, toVersion: 1 });
  });

  it('takes out the candidate of an A/B test that the alarm is of, and no other', () => {
    const arms = [{ ...aCandidate(4), arm: 3 }];
    const test = live({ candidate: aCandidate(3), arms });
    const of = (arm?: number) => decide(aSituation({ symptom: 'candidate-errors', live: test, arm }));
    expect(of()).toMatchObject({ action: 'withdraw-candidate', version: 3 });
    expect(of(3)).toMatchObject({ action: 'withdraw-candidate', version: 4 });
    expect(of(2)).toMatchObject({ action: 'leave', reason: 'no candidate takes traffic any more' });
  });

  it('never changes what is live without an alarm, nor back to no version', () => {
    const situation = fc.record({
      symptom: fc.constantFrom(...symptoms),
      state: fc.constantFrom('ALARM' as const, 'OK' as const, 'INSUFFICIENT_DATA' as const),
      changedAt: fc.constantFrom('2026-11-23T09:00:00.000Z', '2026-11-23T11:00:00.000Z'),
      isRestored: fc.boolean(),
      runInFlight: fc.constantFrom(undefined, 'iris-1'),
      live: fc.record({
        model: fc.constant('iris'),
        champion: fc.constantFrom(null, aVersion(2), aVersion(2, '2026-11-01T00:00:00.000Z')),
        candidate: fc.constantFrom(null, aCandidate(3)),
        previous: fc.constantFrom(null, aVersion(1)),
      }),
    });
    fc.assert(
      fc.property(situation, (changes) => {
        const { action } = decide(aSituation(changes));
        if (changes.state !== 'ALARM') expect(action).toBe('leave');
        if (action === 'roll-back') expect(changes.live.previous).not.toBeNull();
        if (action === 'withdraw-candidate') expect(changes.live.candidate).not.toBeNull();
      }),
    );
  });
});
