import { candidatesOf, spansOf } from '../registry/candidates.ts';
import type { Candidate, Live, LiveVersion } from '../registry/registry.ts';
import { sha256 } from '../shared/digest.ts';
import { EvergreenError } from '../shared/errors.ts';
import { type Variant, variantOf } from './prediction-record.ts';

const digits = 12;

/** A number in [0, 1) that an id stands for, spread evenly. */
export function positionOf(id: string): number {
  return Number.parseInt(sha256(id).slice(0, digits), 16) / 16 ** digits;
}

/**
 * What is drawn for a side: the request by itself, or, in a rollout that keeps callers on one side, the caller together
 * with the run, so that the same callers are not on trial each time. A caller who is not known is drawn by the request.
 *
 * @param rolloutId The run of the candidate; of an A/B test with several that of the first, so that all are one draw.
 */
export function drawnFor(
  { stickyBy }: Pick<Candidate, 'stickyBy'>,
  rolloutId: string,
  predictionId: string,
  callerKey: string | undefined,
): { id: string; caller?: string } {
  if (stickyBy !== 'caller' || callerKey === undefined) return { id: predictionId };
  const id = `${rolloutId}/${callerKey}`;
  // The hash of a hash: the position of a caller must not be told by what is captured, nor the key.
  return { id, caller: sha256(`caller/${sha256(id)}`).slice(0, 16) };
}

/**
 * The candidate whose place something that was drawn has; undefined for the champion. Places do not overlap.
 *
 * @param position In [0, 1), such as `positionOf(predictionId)`.
 */
export function candidateAt(candidates: readonly Candidate[], position: number): Candidate | undefined {
  const percent = position * 100;
  return candidates.find((each) => spansOf(each).some(({ from, to }) => percent >= from && percent < to));
}

/** Which candidate answers a request, if one does, and whose request it is where callers stay on one side. */
export function drawSide(
  live: Pick<Live, 'candidate' | 'arms' | 'test'>,
  predictionId: string,
  callerKey: string | undefined,
): { candidate?: Candidate | undefined; caller?: string | undefined } {
  const candidates = candidatesOf(live);
  const [first] = candidates;
  if (!first) return {};
  const { id, caller } = drawnFor(first, live.test?.id ?? first.runId, predictionId, callerKey);
  return { candidate: candidateAt(candidates, positionOf(id)), caller };
}

/**
 * The live version that a caller names by its number.
 *
 * @throws EvergreenError `version-unknown` when it is not live.
 */
export function findLiveVersion(live: Live, wanted: string): { variant: Variant; version: LiveVersion } {
  const { champion, previous } = live;
  const known: { variant: Variant; version: LiveVersion }[] = [
    ...(champion ? [{ variant: 'champion' as const, version: champion }] : []),
    ...candidatesOf(live).map((version) => ({ variant: variantOf(version), version })),
    ...(previous ? [{ variant: 'previous' as const, version: previous }] : []),
  ];
  const found = known.find(({ version }) => String(version.version) === wanted);
  if (found) return found;
  throw new EvergreenError(
    'version-unknown',
    `${live.model} has no live version ${JSON.stringify(wanted.slice(0, 20))}; live are ${known.map(({ version }) => version.version).join(', ') || 'none'}`,
  );
}
