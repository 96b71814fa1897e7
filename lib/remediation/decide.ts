import * as z from 'zod';
import type { ModelDefinition } from '../model/definition.ts';
import { isLegalTrigger } from '../model/update-mode.ts';
import { candidatesOf } from '../registry/candidates.ts';
import type { Live } from '../registry/registry.ts';
import type { AlarmState, Symptom } from './alarm-change.ts';
import {
  coolDownLeftMinutes,
  fruitlessRetrains,
  maxFruitlessRetrains,
  type Retrains,
  retrainsOfDay,
} from './budget.ts';
import { rowFor, type TableSituation } from './decision-table.ts';

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
  /** As a retrain, and what comes of it gets no traffic by itself. */
  z.object({ action: z.literal('shadow-train'), reason: z.string(), page: z.boolean() }),
  /** Kept, and judged again when the run at work has ended. */
  z.object({ action: z.literal('wait'), reason: z.string(), page: z.boolean(), runId: z.string() }),
]);
export type Decision = z.infer<typeof decision>;

/** Everything a decision rests on. */
export interface Situation {
  symptom: Symptom;
  state: AlarmState;
  changedAt: string;
  now: Date;
  live: Pick<Live, 'model' | 'champion' | 'candidate' | 'arms' | 'previous'>;
  /** Which candidate of an A/B test the alarm is of, unless the first. */
  arm?: number | undefined;
  /** The champion came back by a rollback: it proved itself before and is not young. */
  isRestored: boolean;
  /** The champion before had an alarm of the same kind while it was champion. */
  isPreviousUnhealthy: boolean;
  /** Labelled rows that came since the champion is one; counted up to what the definition needs. */
  newLabels: number;
  policy: ModelDefinition['retrain'];
  retrains: Retrains | undefined;
  /** A run of the model that has not ended. */
  runInFlight: string | undefined;
  /** Whether the alarm on what the model costs in a day rings: then no other alarm adds to it. */
  isOverCost: boolean;
}

const isOfCandidate = ({ symptom }: Situation) => symptom.startsWith('candidate-');
const candidateInAlarm = ({ live, arm = 1 }: Situation) =>
  candidatesOf(live).find((candidate) => (candidate.arm ?? 1) === arm);
const isOfServing = ({ symptom }: Situation) =>
  symptom === 'champion-errors' || symptom === 'champion-latency';
/** What came in, what is answered, or what is true has changed since training: an older version knows it no better. */
const isOfDrift = ({ symptom }: Situation) => symptom.startsWith('drift');
const isBefore = (time: string, since: string) => Date.parse(time) < Date.parse(since);
const ageHours = (since: string, now: Date) => (now.getTime() - Date.parse(since)) / 3_600_000;

function isYoung({ live: { champion }, policy, now, isRestored }: Situation): boolean {
  return champion !== null && !isRestored && ageHours(champion.since, now) < policy.youngHours;
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
    name: 'what a model costs is for a person, whoever is champion and whatever is at work',
    decide: (s) => (s.symptom === 'cost' ? leave(rowOf(s)?.why ?? '', true) : undefined),
  },
  {
    name: 'an alarm of a candidate that is gone is left',
    decide: (s) =>
      isOfCandidate(s) && !candidateInAlarm(s) ? leave('no candidate takes traffic any more') : undefined,
  },
  {
    name: 'an alarm from before the candidate is not its fault',
    decide: (s) => {
      const candidate = candidateInAlarm(s);
      return isOfCandidate(s) && candidate && isBefore(s.changedAt, candidate.since)
        ? leave(`the alarm is older than the canary of version ${candidate.version}`)
        : undefined;
    },
  },
  {
    name: 'a candidate in alarm is withdrawn',
    decide: (s) => {
      const candidate = candidateInAlarm(s);
      if (!isOfCandidate(s) || !candidate) return undefined;
      const { version } = candidate;
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
    name: 'a definition may forbid retraining on drift or on quality',
    decide: (s) => {
      const { symptom, policy } = s;
      if (rowOf(s)?.action === 'roll back') return undefined;
      if (isOfDrift(s) && !policy.onDrift) return leave('the definition does not retrain on drift', true);
      if (symptom === 'quality' && !policy.onQuality)
        return leave('the definition does not retrain on quality', true);
      return undefined;
    },
  },
  {
    name: 'a model that is trained once is retrained by a person alone',
    decide: (s) =>
      /train/.test(rowOf(s)?.action ?? '') && !isLegalTrigger(s.policy, 'retrain')
        ? leave(
            'the definition says that the model is trained one-off; upload a file of rows to train it',
            true,
          )
        : undefined,
  },
  {
    name: 'while a run is at work an alarm waits, unless a rollback is the answer',
    decide: (s) =>
      s.runInFlight === undefined || rowOf(s)?.action === 'roll back'
        ? undefined
        : {
            action: 'wait',
            runId: s.runInFlight,
            reason: `run ${s.runInFlight} is at work; its result comes first`,
            page: isOfServing(s),
          },
  },
  {
    name: 'an alarm from before a retrain was answered by it, also if that brought nothing better',
    decide: (s) => {
      const { retrains, changedAt, live } = s;
      const isAnswered =
        /train/.test(rowOf(s)?.action ?? '') &&
        fruitlessOf(s) > 0 &&
        retrains !== undefined &&
        isBefore(changedAt, retrains.lastRetrainAt);
      if (!isAnswered) return undefined;
      return leave(
        `the alarm is older than the retrain of ${retrains.lastRetrainAt}, which brought no better version than ${live.champion?.version}`,
        true,
      );
    },
  },
  { name: 'else the table decides', decide: decideByTable },
];

function kindOf(s: Situation): TableSituation['kind'] {
  if (isOfServing(s)) return 'serving';
  return s.symptom === 'quality' || s.symptom === 'answers' || s.symptom === 'cost' ? s.symptom : 'drift';
}

function tableSituation(s: Situation): TableSituation {
  const { previous } = s.live;
  const before = previous === null ? 'none' : s.isPreviousUnhealthy ? 'unhealthy' : 'healthy';
  return {
    kind: kindOf(s),
    age: isYoung(s) ? 'young' : 'old',
    before,
    labels: s.newLabels >= s.policy.leastLabels ? 'new' : 'none',
    budget: budgetOf(s),
  };
}

const rowOf = (s: Situation) => rowFor(tableSituation(s));

const fruitlessOf = ({ retrains, live }: Situation) => fruitlessRetrains(retrains, live.champion?.version);

function budgetOf(s: Situation): TableSituation['budget'] {
  const { retrains, policy, now } = s;
  if (s.isOverCost) return 'spent';
  if (fruitlessOf(s) >= maxFruitlessRetrains || retrainsOfDay(retrains, now).length >= policy.mostPerDay)
    return 'spent';
  return coolDownLeftMinutes(retrains, policy, now) > 0 ? 'cooling down' : 'left';
}

/** What the budget has to do with it, in numbers. */
function budgetText(s: Situation): string {
  switch (budgetOf(s)) {
    case 'left':
      return '';
    case 'cooling down':
      return `; asked for at ${s.retrains?.lastRetrainAt}, the next may be in ${Math.ceil(coolDownLeftMinutes(s.retrains, s.policy, s.now))} minutes`;
    case 'spent':
      if (s.isOverCost) return '; the model costs more in a day than it may';
      return `; ${fruitlessOf(s)} retrains brought no better version than ${s.live.champion?.version}, ${retrainsOfDay(s.retrains, s.now).length} of ${s.policy.mostPerDay} of a day were asked for`;
  }
}

function decideByTable(s: Situation): Decision | undefined {
  const { champion, previous } = s.live;
  const row = rowOf(s);
  if (!row || !champion) return undefined;
  const { page } = row;
  const found = `champion ${champion.version} is in alarm for ${s.symptom}; ${row.why}`;
  switch (row.action) {
    case 'roll back':
      if (!previous) return undefined;
      return {
        action: 'roll-back',
        version: champion.version,
        toVersion: previous.version,
        reason: `champion ${champion.version} is younger than ${s.policy.youngHours} hours and in alarm for ${s.symptom}; version ${previous.version} came before it: ${row.why}`,
        page,
      };
    case 'retrain':
    case 'shadow-train':
      return { action: row.action, reason: found, page };
    case 'leave':
      return leave(`${found}${row.labels === 'new' ? budgetText(s) : ''}`, page);
  }
}

/** What to do about an alarm, and why. */
export function decide(situation: Situation): Decision {
  for (const rule of rules) {
    const found = rule.decide(situation);
    if (found) return found;
  }
  return leave('no rule speaks to this alarm', true);
}
