import * as z from 'zod';
import type { ModelDefinition } from '../model/definition.ts';
import type { Live } from '../registry/registry.ts';
import { type AlarmChange, type Symptom, symptoms } from './alarm-change.ts';
import type { Situation } from './decide.ts';
import type { RemediatorParts } from './remediator.ts';

/** Lines of the log, newest first, in which alarms of the champion before are looked for. */
const healthLines = 200;

const judgedAlarm = z.object({ state: z.string(), symptom: z.enum(symptoms) });
const kindOf = (symptom: Symptom) => (/errors|latency/.test(symptom) ? 'serving' : symptom);

/** Everything that a decision about a change of an alarm rests on, as it is now. */
export async function lookAround(
  parts: RemediatorParts,
  { state, changedAt }: AlarmChange,
  about: {
    model: string;
    symptom: Symptom;
    arm?: number | undefined;
    policy: ModelDefinition['retrain'];
    /** A run that is known to have ended, whatever the run list says yet. */
    endedRunId: string | undefined;
  },
): Promise<{ situation: Situation; live: Live }> {
  const { registry, judgements, findRunInFlight, countLabels, isOverCost, now } = parts;
  const { model, symptom, arm, policy, endedRunId } = about;
  const [live, retrains, runInFlight, costsTooMuch] = await Promise.all([
    registry.readLive(model),
    judgements.readRetrains(model),
    findRunInFlight(model),
    isOverCost(model),
  ]);
  const { champion } = live;
  const [isRestored, isPreviousUnhealthy, newLabels] = await Promise.all([
    wasRestored(parts, live),
    wasUnhealthy(parts, live, symptom),
    champion ? countLabels(model, champion.since, policy.leastLabels) : 0,
  ]);
  return {
    live,
    situation: {
      symptom,
      arm,
      state,
      changedAt,
      now: now(),
      live,
      isRestored,
      isPreviousUnhealthy,
      newLabels,
      policy,
      retrains,
      runInFlight: runInFlight === endedRunId ? undefined : runInFlight,
      isOverCost: costsTooMuch,
    },
  };
}

/** A champion since a rollback has the time of that line of the log. */
async function wasRestored({ registry }: RemediatorParts, { model, champion }: Live): Promise<boolean> {
  if (!champion) return false;
  const lines = await registry.readLog(model, { from: champion.since, to: champion.since });
  return lines.some(({ action, version }) => action === 'rolled-back' && version === champion.version);
}

/** Whether the champion before was in alarm itself for the same kind of thing. */
async function wasUnhealthy(
  { registry }: RemediatorParts,
  { model, champion, previous }: Live,
  symptom: Symptom,
): Promise<boolean> {
  if (!champion || !previous) return false;
  const lines = await registry.readLog(model, { to: champion.since, limit: healthLines });
  return lines.some(({ action, championBefore, details }) => {
    const told = judgedAlarm.safeParse(details);
    return (
      action === 'alarm-judged' &&
      championBefore === previous.version &&
      told.success &&
      told.data.state === 'ALARM' &&
      kindOf(told.data.symptom) === kindOf(symptom)
    );
  });
}
