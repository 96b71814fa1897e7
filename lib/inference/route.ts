import { sha256 } from '../shared/digest.ts';
import type { Variant } from './prediction-record.ts';

const digits = 12;

/** A number in [0, 1) that an id stands for, spread evenly. */
export function positionOf(id: string): number {
  return Number.parseInt(sha256(id).slice(0, digits), 16) / 16 ** digits;
}

/**
 * Which side answers a request.
 *
 * @param weight The candidate's share in percent; 0 is never, 100 is always.
 * @param position In [0, 1), such as `positionOf(predictionId)`.
 */
export function chooseVariant(weight: number, position: number): Variant {
  return position * 100 < weight ? 'candidate' : 'champion';
}
