import { isEnded } from '../intake/run.ts';
import type { RunStore } from '../intake/runs.store.ts';
import type { Retrains } from './budget.ts';

/** How long a retrain that was asked for may be on its way until it is given up; its message is put aside by then. */
const longestWayMs = 15 * 60_000;

export interface RunsAtHand {
  runs: Pick<RunStore, 'readQueue' | 'find'>;
  readRetrains(model: string): Promise<Retrains | undefined>;
  now(): Date;
}

/**
 * A run of the model that has not ended. One that was asked for and is still on its way counts as well: until it is in the
 * run list, a burst of alarms would ask for one run each.
 */
export async function findRunInFlight(
  model: string,
  { runs, readRetrains, now }: RunsAtHand,
): Promise<string | undefined> {
  // In this order: what is on its way at first is in the queue, or has ended, when that is read.
  const asked = await readRetrains(model);
  const { running } = await runs.readQueue(model);
  const run = running === null ? undefined : await runs.find(running);
  if (run && !isEnded(run.status)) return run.runId;
  if (asked?.runId === undefined) return undefined;
  if (now().getTime() - Date.parse(asked.lastRetrainAt) > longestWayMs) return undefined;
  return (await runs.find(asked.runId)) ? undefined : asked.runId;
}
