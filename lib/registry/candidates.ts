import { EvergreenError } from '../shared/errors.ts';
import type { Candidate, Live, Span } from './registry.ts';

/** All versions that are on trial: one in a canary, several in an A/B test that lets others join. */
export const candidatesOf = ({ candidate, arms = [] }: Pick<Live, 'candidate' | 'arms'>): Candidate[] =>
  candidate ? [candidate, ...arms] : [];

export const findCandidate = (live: Live, version: number): Candidate | undefined =>
  candidatesOf(live).find((each) => each.version === version);

/** The same with other candidates. A test ends with the last of them. */
export function withCandidates(live: Live, candidates: readonly Candidate[]): Live {
  const { arms: _, test, ...rest } = live;
  const candidate = candidates[0] ?? null;
  return {
    ...rest,
    candidate,
    ...(candidates.length > 1 && { arms: candidates.slice(1) }),
    ...(candidate && test && { test }),
  };
}

/** Where a candidate stands among all that is drawn, in percent: what is drawn between `from` and below `to` is its own. */
export const spansOf = ({ spans, weight }: Pick<Candidate, 'spans' | 'weight'>): Span[] =>
  spans ?? [{ from: 0, to: weight }];

/**
 * The first places that nobody has, `share` percent wide in all. Nobody else moves; what is left is the champion's.
 *
 * Undefined when so much is not free, or would leave the champion nothing.
 */
export function freePlaces(candidates: readonly Candidate[], share: number): Span[] | undefined {
  const taken = candidates.flatMap(spansOf).sort((a, b) => a.from - b.from);
  const found: Span[] = [];
  let left = share;
  let from = 0;
  for (const { from: end, to: next } of [...taken, { from: 100, to: 100 }]) {
    const wide = Math.min(left, end - from);
    if (wide > 0) {
      // The whole of a gap ends where the neighbour begins, without a rounding in between.
      found.push({ from, to: wide === end - from ? end : from + wide });
      left -= wide;
    }
    from = Math.max(from, next);
  }
  const given = candidates.reduce((sum, { weight }) => sum + weight, share);
  return left > 0 || given >= 100 ? undefined : found;
}

/** Whether another version may still join the A/B test that is on: who left has had its part of the chance of an error. */
export const mayJoin = ({ test }: Pick<Live, 'test'>): boolean =>
  test !== undefined && test.joined < test.arms;

/**
 * The places of a version that joins the A/B test that is on.
 *
 * @throws EvergreenError `revision-conflict` when no version may join, or its share is not free.
 */
export function placesInTest(live: Live, version: number, share: number): Span[] {
  const candidates = candidatesOf(live);
  const shown = candidates.map((each) => each.version).join(', ');
  if (!mayJoin(live)) {
    throw new EvergreenError(
      'revision-conflict',
      live.test
        ? `${live.test.joined} versions of ${live.model} have been in the A/B test with version ${shown}, and no other may join; wait for it to end`
        : `version ${shown} of ${live.model} is already the candidate; wait for its rollout to end`,
    );
  }
  const places = freePlaces(candidates, share);
  if (places) return places;
  const free = 100 - candidates.reduce((sum, { weight }) => sum + weight, 0);
  throw new EvergreenError(
    'revision-conflict',
    `version ${version} of ${live.model} asks for ${share} % in the A/B test with version ${shown}, which leaves ${free} % and some for the champion; ask for a smaller ab.share`,
  );
}
