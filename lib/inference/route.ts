import type { Live, LiveVersion } from '../registry/registry.ts';
import { sha256 } from '../shared/digest.ts';
import { EvergreenError } from '../shared/errors.ts';
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

/**
 * The live version that a caller names by its number.
 *
 * @throws EvergreenError `version-unknown` when it is not live.
 */
export function findLiveVersion(live: Live, wanted: string): { variant: Variant; version: LiveVersion } {
  const { champion, candidate, previous } = live;
  const sides = Object.entries({ champion, candidate, previous }) as [Variant, LiveVersion | null][];
  const known = sides.flatMap(([variant, version]) => (version ? [{ variant, version }] : []));
  const found = known.find(({ version }) => String(version.version) === wanted);
  if (found) return found;
  throw new EvergreenError(
    'version-unknown',
    `${live.model} has no live version ${JSON.stringify(wanted.slice(0, 20))}; live are ${known.map(({ version }) => version.version).join(', ') || 'none'}`,
  );
}
