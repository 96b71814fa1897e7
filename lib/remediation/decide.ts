import { z } from 'zod';
import type { ModelDefinition } from '../model/definition.ts';
import type { Live } from '../registry/registry.ts';
import type { AlarmState, Symptom } from './alarm-change.ts';

/** What is done about an alarm. With `page` a person is called besides. */
export const decision = z.discriminatedUnion('action', [
  z.object({ action: z.literal('leave'), reason: z.string(), page: z.boolean() }),
  z.object({
    action: z.literal('withdraw-candidate'),
    reason: z.string(),
    page: z.boolean(),
    version: z.int(),
  }),
  z.object({
    action: z.literal('roll-back'),
    reason: z.string(),
    page: z.boolean(),
    /** The version to blame: when it is not the champion any more there is nothing left to do. */
    version: z.int(),
    toVersion: z.int(),
  }),
  z.object({ action: z.literal('retrain'), reason: z.string(), page: z.boolean() }),
]);
export type Decision = z.infer<typeof decision>;

/** What was asked for by alarms before. */
export interface Retrains {
  lastRetrainAt: string;
  /** Retrains that alarms asked for since this version is champion: so far none of them brought a better one. */
  championVersion: number;
  attempts: number;
}

/** Everything a decision rests on. */
export interface Situation {
  symptom: Symptom;
  state: AlarmState;
  changedAt: string;
  now: Date;
  live: Pick<Live, 'model' | 'champion' | 'candidate' | 'previous'>;
  /** The champion came back by a rollback: it proved itself before and is not young. */
  isRestored: boolean;
  policy: ModelDefinition['retrain'];
  retrains: Retrains | undefined;
  /** A run of the model that has not ended. */
  runInFlight: string | undefined;
}

/** After so many retrains without a new champion a person is called instead. */
export const maxFruitlessRetrains = 3;

const isOfCandidate = ({ symptom }: Situation) => symptom.startsWith('candidate-');
const isOfServing = ({ symptom }: Situation) =>
  symptom === 'champion-errors' || symptom === 'champion-latency';
/** What came in, what is answered, or what is true has changed since training: an older version knows it no better. */
const isOfDrift = ({ symptom }: Situation) => symptom.startsWith('drift');
const isBefore = (time: string, since: string) => Date.parse(time) < Date.parse(since);
const ageHours = (since: string, now: Date) => (now.getTime() - Date.parse(since)) / 3_600_000;

function isYoung({ live: { champion }, policy, now, isRestored }: Situation): boolean {
  return champion !== null && !isRestored && ageHours(champion.since, now) < policy.youngHours;
}

/** A clock that was set back must not shorten the wait: time that seems to run backwards counts as no time. */
function coolDownLeftMinutes({ retrains, policy, now }: Situation): number {
  if (!retrains) return 0;
  const elapsed = Math.max(0, now.getTime() - Date.parse(retrains.lastRetrainAt)) / 60_000;
  return Math.max(0, policy.cooldownMinutes - elapsed);
}

function fruitlessRetrains({ retrains, live: { champion } }: Situation): number {
  return retrains && retrains.championVersion === champion?.version ? retrains.attempts : 0;
}

function leave(reason: string, page = false): Decision {
  return { action: 'leave', reason, page };
}

interface Rule {
  name: string;
  /** A decision when the rule speaks to the situation, else undefined. */
  decide(situation: Situation): Decision | undefined;
}

/** Read from the top: the first rule that speaks decides. */
export const rules: Rule[] = [
  {
    name: 'silence of the monitor is for a person',
    // Silence is missing data: before the rule that leaves missing data alone.
    decide: ({ symptom, state }) =>
      symptom === 'staleness' && state !== 'OK'
        ? leave('the monitor was not heard; without figures nothing is changed', true)
        : undefined,
  },
  {
    name: 'only an alarm acts, not its end and not missing data',
    decide: ({ state }) => (state === 'ALARM' ? undefined : leave(`the alarm went to ${state}`)),
  },
  {
    name: 'a version that cannot be loaded is for a person',
    decide: ({ symptom }) =>
      symptom === 'load-failures'
        ? leave('a version could not be loaded; what was live before goes on answering', true)
        : undefined,
  },
  {
    name: 'an estimate without labels and old data are for a person',
    decide: ({ symptom }) => {
      if (symptom === 'quality-estimated')
        return leave('quality is estimated to be low; labels would prove it', true);
      if (symptom === 'data-age')
        return leave('the champion learned from data that is older than the definition allows', true);
      return undefined;
    },
  },
  {
    name: 'an alarm of a candidate that is gone is left',
    decide: (s) =>
      isOfCandidate(s) && !s.live.candidate ? leave('no candidate takes traffic any more') : undefined,
  },
  {
    name: 'an alarm from before the candidate is not its fault',
    decide: (s) =>
      isOfCandidate(s) && s.live.candidate && isBefore(s.changedAt, s.live.candidate.since)
        ? leave(`the alarm is older than the canary of version ${s.live.candidate.version}`)
        : undefined,
  },
  {
    name: 'a candidate in alarm is withdrawn',
    decide: (s) => {
      if (!isOfCandidate(s) || !s.live.candidate) return undefined;
      const { version } = s.live.candidate;
      const reason = `candidate ${version} is in alarm for ${s.symptom.replace('candidate-', '')}`;
      return { action: 'withdraw-candidate', version, reason, page: false };
    },
  },
  {
    name: 'without a champion there is nothing to change',
    decide: ({ live }) => (live.champion ? undefined : leave('the model has no champion')),
  },
  {
    name: 'an alarm from before the champion is not its fault',
    decide: ({ live: { champion }, changedAt }) =>
      champion && isBefore(changedAt, champion.since)
        ? leave(`the alarm is older than champion ${champion.version}, which took over at ${champion.since}`)
        : undefined,
  },
  {
    name: 'a young champion with errors, latency, low quality or odd answers is rolled back when there is one before it',
    decide: (s) => {
      const { champion, previous } = s.live;
      if (isOfDrift(s) || !champion || !previous || !isYoung(s)) return undefined;
      const reason = `champion ${champion.version} is younger than ${s.policy.youngHours} hours and in alarm for ${s.symptom}; version ${previous.version} came before it`;
      return {
        action: 'roll-back',
        version: champion.version,
        toVersion: previous.version,
        reason,
        page: false,
      };
    },
  },
  {
    name: 'odd answers of a champion that is not young are for a person',
    decide: ({ symptom }) =>
      symptom === 'answers'
        ? leave('nearly all answers are the same, though what comes in did not change', true)
        : undefined,
  },
  {
    name: 'a definition may forbid retraining on drift or on quality',
    decide: (situation) => {
      const { symptom, policy } = situation;
      if (isOfDrift(situation) && !policy.onDrift)
        return leave('the definition does not retrain on drift', true);
      if (symptom === 'quality' && !policy.onQuality)
        return leave('the definition does not retrain on quality', true);
      return undefined;
    },
  },
  {
    name: 'while a run is at work its result is waited for',
    decide: (s) =>
      s.runInFlight === undefined
        ? undefined
        : leave(`run ${s.runInFlight} is at work; its result comes first`, isOfServing(s)),
  },
  {
    name: 'in the cool-down no other retrain begins',
    decide: (s) => {
      const left = coolDownLeftMinutes(s);
      if (left === 0) return undefined;
      const reason = `a retrain was asked for at ${s.retrains?.lastRetrainAt}; the next may be in ${Math.ceil(left)} minutes`;
      return leave(reason, isOfServing(s));
    },
  },
  {
    name: 'after retrains that brought nothing better a person is called',
    decide: (s) => {
      const attempts = fruitlessRetrains(s);
      if (attempts < maxFruitlessRetrains) return undefined;
      return leave(`${attempts} retrains brought no better version than ${s.live.champion?.version}`, true);
    },
  },
  {
    name: 'everything else is retrained; errors and latency are seldom cured by it, so a person is called too',
    decide: (s) => {
      const cause = isOfServing(s)
        ? isYoung(s)
          ? 'no version came before it'
          : 'it is not young any more, so a rollback is no answer'
        : 'newer rows may help';
      const reason = `champion ${s.live.champion?.version} is in alarm for ${s.symptom}; ${cause}`;
      return { action: 'retrain', reason, page: isOfServing(s) };
    },
  },
];

/** What to do about an alarm, and why. */
export function decide(situation: Situation): Decision {
  for (const rule of rules) {
    const found = rule.decide(situation);
    if (found) return found;
  }
  return leave('no rule speaks to this alarm', true);
}

/** The record of retrains after one more. */
export function oneMoreRetrain(situation: Situation): Retrains {
  return {
    lastRetrainAt: situation.now.toISOString(),
    championVersion: situation.live.champion?.version ?? 0,
    attempts: fruitlessRetrains(situation) + 1,
  };
}
