import type * as z from 'zod';
import type { retrain } from './policies.ts';

type Retrain = z.infer<typeof retrain>;
export type UpdateMode = NonNullable<Retrain['update']>;

/** What asks for a run without a person's upload: an alarm, a schedule, labels that came, code that was deployed. */
export type RetrainTrigger = 'retrain' | 'shadow-retrain' | 'schedule' | 'feedback' | 'new-code';

const legal: Record<UpdateMode, readonly RetrainTrigger[]> = {
  'one-off': [],
  batch: ['retrain', 'shadow-retrain', 'schedule', 'feedback', 'new-code'],
  'near-real-time': ['retrain', 'shadow-retrain', 'feedback'],
  hybrid: ['retrain', 'shadow-retrain', 'schedule', 'feedback', 'new-code'],
};

/** A definition that does not say how it is updated is updated in batches. */
const modeOf = ({ update = 'batch' }: Pick<Retrain, 'update'>) => update;

export function isLegalTrigger(retrain: Pick<Retrain, 'update'>, trigger: RetrainTrigger): boolean {
  return legal[modeOf(retrain)].includes(trigger);
}

/**
 * Whether what a trigger leads to takes the new rows into the champion, in micro-batches, and does not train anew.
 * A hybrid takes in what callers say, and trains anew for everything else.
 *
 * @param trigger @default - any that may do so
 */
export function takesRowsIn({ mode, update }: Pick<Retrain, 'mode' | 'update'>, trigger?: string): boolean {
  switch (update) {
    case undefined:
      return mode === 'online';
    case 'near-real-time':
      return true;
    case 'hybrid':
      return trigger === undefined || trigger === 'feedback';
    default:
      return false;
  }
}

/** Whether labels or new code may ask for runs of a model, so that somebody has to look after them. */
export function hasOwnTriggers({ everyLabels, onNewCode = false }: Retrain): boolean {
  return everyLabels !== undefined || onNewCode;
}

/** What in `retrain` does not go with the way a model is updated. */
export function updateProblems({ retrain }: { retrain: Retrain }): { path: string[]; message: string }[] {
  const { mode, update, everyDays, everyLabels, onNewCode = false } = retrain;
  if (update === undefined) return [];
  const problems: { path: string[]; message: string }[] = [];
  const note = (field: string, message: string) => problems.push({ path: ['retrain', field], message });
  const asked: [string, RetrainTrigger, boolean][] = [
    ['everyDays', 'schedule', everyDays !== undefined],
    ['everyLabels', 'feedback', everyLabels !== undefined],
    ['onNewCode', 'new-code', onNewCode],
  ];
  for (const [field, trigger, isAsked] of asked) {
    if (!isAsked || isLegalTrigger(retrain, trigger)) continue;
    const others = (Object.keys(legal) as UpdateMode[]).filter((other) => legal[other].includes(trigger));
    note(
      field,
      `a model that is updated ${update} has no such trigger; leave it out, or set update to ${others.join(' or ')}`,
    );
  }
  if (takesRowsIn(retrain) && everyLabels === undefined) {
    note('everyLabels', `say after how many labelled rows a model that is updated ${update} takes them in`);
  }
  if (!takesRowsIn(retrain) && mode === 'online') {
    note('mode', `a model that is updated ${update} trains anew; set update to near-real-time or hybrid`);
  }
  return problems;
}
