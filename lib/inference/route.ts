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
 * What is drawn for a side: the request by itself, or, in a rollout that keeps callers on one side, the caller together
 * with the run, so that the same callers are not on trial each time. A caller who is not known is drawn by the request.
 */
export function drawnFor(
  { stickyBy, runId }: NonNullable<Live['candidate']>,
  predictionId: string,
  callerKey: string | undefined,
): { id: string; caller?: string } {
  if (stickyBy !== 'caller' || callerKey === undefined) return { id: predictionId };
  const id = `${runId}/${callerKey}`;
  // The hash of a hash: the position of a caller must not be told by what is captured, nor the key.
  return { id, caller: sha256(`caller/${sha256(id)}`).slice(0, 16) };
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

/** Whether a request is the candidate's, and whose it is where callers stay on one side. */
export function drawSide(
  candidate: Live['candidate'],
  predictionId: string,
  callerKey: string | undefined,
): { isCandidates: boolean; caller?: string | undefined } {
  if (!candidate) return { isCandidates: false };
  const { id, caller } = drawnFor(candidate, predictionId, callerKey);
  return { isCandidates: chooseVariant(candidate.weight, positionOf(id)) === 'candidate', caller };
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
