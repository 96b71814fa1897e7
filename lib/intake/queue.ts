import * as z from 'zod';
import { trigger } from './run.ts';

const waiting = z.object({ runId: z.string(), kind: trigger.shape.kind });
export type Waiting = z.infer<typeof waiting>;

/**
 * Runs of one model do not overlap: one runs, the newest of the later ones waits, uploads before retrains. One whose version
 * is in an A/B test that others may join gives its turn to the next.
 */
export const queue = z.object({
  running: z.string().nullable(),
  /** Runs in an A/B test that gave their turn away. */
  testing: z.array(z.string()).default([]),
  waiting: z.array(waiting),
  /** Runs whose place was taken and whose line in the run list may not say so yet. */
  superseded: z.array(z.string()).default([]),
  revision: z.int().min(0),
});
export type Queue = z.infer<typeof queue>;

export const emptyQueue: Queue = { running: null, testing: [], waiting: [], superseded: [], revision: 0 };

const idsOf = (runs: readonly Waiting[]) => runs.map(({ runId }) => runId);

/** Whether a run has its turn or waits for it. */
export function holds(queue: Queue, runId: string): boolean {
  return queue.running === runId || queue.testing.includes(runId) || idsOf(queue.waiting).includes(runId);
}

/**
 * Adds a run; only the newest waits, whoever waited before is superseded. A run that is there already changes nothing.
 *
 * Undefined when there is no place: rows that somebody uploaded are not given up for a retrain, which comes again.
 */
export function enqueue(before: Queue, run: Waiting): Queue | undefined {
  const { runId, kind } = run;
  if (holds(before, runId) || before.superseded.includes(runId)) return before;
  if (before.running === null) return { ...before, running: runId };
  if (kind !== 'upload' && before.waiting.some((other) => other.kind === 'upload')) return undefined;
  return { ...before, waiting: [run], superseded: [...before.superseded, ...idsOf(before.waiting)] };
}

function letNextIn(before: Queue): Queue {
  const waiting = idsOf(before.waiting);
  const superseded = [...before.superseded, ...waiting.slice(0, -1)];
  return { ...before, running: waiting.at(-1) ?? null, waiting: [], superseded };
}

/**
 * Ends a run and lets the newest waiting one take its place. A run that does not run changes nothing.
 *
 * While others are in an A/B test, the turn goes back to one of them: whether another may join is theirs to say, at
 * their next look.
 */
export function finish(before: Queue, runId: string): Queue {
  if (before.testing.includes(runId)) {
    return { ...before, testing: before.testing.filter((other) => other !== runId) };
  }
  if (before.running !== runId) return before;
  const heir = before.testing.at(-1);
  if (heir === undefined) return letNextIn(before);
  return { ...before, running: heir, testing: before.testing.slice(0, -1) };
}

/** A run in an A/B test that others may join gives its turn to the next. One that has no turn changes nothing. */
export function giveTurn(before: Queue, runId: string): Queue {
  if (before.running !== runId) return before;
  return letNextIn({ ...before, testing: [...before.testing, runId] });
}

/** Forgets superseded runs whose lines say so. */
export function settle(before: Queue, told: readonly string[]): Queue {
  const superseded = before.superseded.filter((runId) => !told.includes(runId));
  return superseded.length === before.superseded.length ? before : { ...before, superseded };
}
