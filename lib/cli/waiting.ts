import { setTimeout as sleep } from 'node:timers/promises';
import { EvergreenError } from '../shared/errors.ts';

export interface Patience {
  limitMs: number;
  everyMs: number;
  /** What to say when the time is over: what was waited for and where to look next. */
  whenOver: string;
  signal?: AbortSignal | undefined;
}

/**
 * Asks again and again until there is an answer.
 *
 * @throws EvergreenError `wait-over` when the time is over, with what to do next.
 */
export async function waitFor<Answer>(
  ask: () => Promise<Answer | undefined>,
  patience: Patience,
): Promise<Answer> {
  const deadline = Date.now() + patience.limitMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (Date.now() >= deadline) {
      throw new EvergreenError(
        'wait-over',
        `${patience.whenOver} (waited ${Math.round(patience.limitMs / 1000)} s)`,
      );
    }
    await sleep(patience.everyMs, undefined, { signal: patience.signal });
  }
}
