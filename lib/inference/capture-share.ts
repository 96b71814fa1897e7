import { positionOf } from './route.ts';

/**
 * Whether a prediction is among those that are kept: the same for the same id, wherever it is asked.
 *
 * The draw is another than the one that routes to a candidate, or a share of 10 % would keep its answers alone.
 *
 * @param share In [0, 1]; 0 keeps none, 1 all.
 */
export function isCaptured(predictionId: string, share: number): boolean {
  return share >= 1 || positionOf(`capture:${predictionId}`) < share;
}
