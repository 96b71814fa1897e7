import { z } from 'zod';

/** Runs of one model do not overlap: one runs, the newest of the later ones waits. */
export const queue = z.object({
  running: z.string().nullable(),
  waiting: z.array(z.string()),
  /** Runs whose place was taken and whose line in the run list may not say so yet. */
  superseded: z.array(z.string()).default([]),
  revision: z.int().min(0),
});
export type Queue = z.infer<typeof queue>;

export const emptyQueue: Queue = { running: null, waiting: [], superseded: [], revision: 0 };

/** Whether a run has its turn or waits for it. */
export function holds(queue: Queue, runId: string): boolean {
  return queue.running === runId || queue.waiting.includes(runId);
}

/** Adds a run; only the newest waits, whoever waited before is superseded. A run that is there already changes nothing. */
export function enqueue(before: Queue, runId: string): Queue {
  if (holds(before, runId) || before.superseded.includes(runId)) return before;
  if (before.running === null) return { ...before, running: runId };
  return { ...before, waiting: [runId], superseded: [...before.superseded, ...before.waiting] };
}

/** Ends a run and lets the newest waiting one take its place. A run that does not run changes nothing. */
export function finish(before: Queue, runId: string): Queue {
  if (before.running !== runId) return before;
  const superseded = [...before.superseded, ...before.waiting.slice(0, -1)];
  return { ...before, running: before.waiting.at(-1) ?? null, waiting: [], superseded };
}

/** Forgets superseded runs whose lines say so. */
export function settle(before: Queue, told: readonly string[]): Queue {
  const superseded = before.superseded.filter((runId) => !told.includes(runId));
  return superseded.length === before.superseded.length ? before : { ...before, superseded };
}
