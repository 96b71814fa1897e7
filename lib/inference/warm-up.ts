import { EvergreenError } from '../shared/errors.ts';
import type { LiveModels } from './live-models.ts';

export interface WarmUpLimits {
  /** After which no further load is begun. */
  beginMs: number;
  /** After which the one that is on is not waited for; it goes on. */
  waitMs: number;
}

/**
 * Loads the champions of models in the order of their names, ahead of the first request: as many as there is room for,
 * and time. What is loaded has answered its golden rows. One that cannot be loaded was reported, and is passed over.
 */
export async function warmUp(
  models: Pick<LiveModels, 'readLive' | 'warmUp'>,
  names: readonly string[],
  limits?: WarmUpLimits,
): Promise<void> {
  const begun = performance.now();
  let isOver = false;
  async function loadAll(): Promise<void> {
    for (const name of names) {
      if (isOver || (limits && performance.now() - begun > limits.beginMs)) return;
      try {
        if (!(await models.warmUp(name, await models.readLive(name)))) return;
      } catch (thrown) {
        if (!(thrown instanceof EvergreenError)) throw thrown;
      }
    }
  }
  if (!limits) return loadAll();
  let timer: NodeJS.Timeout | undefined;
  const longest = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, limits.waitMs);
  });
  await Promise.race([loadAll(), longest]).finally(() => clearTimeout(timer));
  isOver = true;
}
