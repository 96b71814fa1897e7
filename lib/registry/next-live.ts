import { EvergreenError } from '../shared/errors.ts';
import { candidatesOf, findCandidate, placesInTest, withCandidates } from './candidates.ts';
import { type Live, type LiveVersion, type LogEntry, type ModelVersion, toLiveVersion } from './registry.ts';

/** A wish to change what takes traffic. With `expectedRevision` it holds only if nobody changed anything since. */
export type LiveChange = {
  expectedRevision?: number | undefined;
} /** With `liveRevision`, what the run saw when it began, only if nobody rolled back since. */ & (
  | {
      kind: 'start-canary';
      version: number;
      weight: number;
      runId: string;
      liveRevision?: number | undefined;
      stickyBy?: 'request' | 'caller' | undefined;
      /** Most candidates of the A/B test that this begins or joins. @default 1, nobody joins */
      arms?: number | undefined;
    }
  /** Another share for the candidate, which it must still be. */
  | { kind: 'widen-canary'; version: number; weight: number }
  /**
   * With `asCandidate` only while it still is the candidate: an alarm may have withdrawn it a moment ago.
   * With `asFirst` only while there is no champion: a person may have promoted one during the replay.
   */
  | {
      kind: 'promote';
      version: number;
      asCandidate?: boolean;
      asFirst?: boolean;
      liveRevision?: number | undefined;
    }
  | { kind: 'withdraw-candidate'; version: number }
  | { kind: 'roll-back'; toVersion?: number | undefined }
);

/** Versions, by number, that a change may need; the store reads them beforehand. */
export type VersionsAtHand = ReadonlyMap<number, ModelVersion>;

export interface Transition {
  live: Live;
  action: LogEntry['action'];
  version: number | null;
}

const earlierKept = 20;

function requireVersion(
  versions: VersionsAtHand,
  model: string,
  version: number,
  since: string,
): LiveVersion {
  const found = versions.get(version);
  if (found) return toLiveVersion(found, since);
  throw new EvergreenError(
    'version-unknown',
    `${model} has no version ${version}; \`evergreen models list ${model}\` names them`,
  );
}

/** The champion before becomes `previous`, what was `previous` moves on to `earlier`. */
function crown(live: Live, champion: LiveVersion): Live {
  const { previous } = live;
  const earlier = previous ? [previous.version, ...live.earlier] : live.earlier;
  return {
    ...withCandidates(live, []),
    champion,
    previous: live.champion,
    earlier: earlier.filter((version) => version !== champion.version).slice(0, earlierKept),
  };
}

/**
 * Back to an earlier champion; the ones after it are forgotten, so that a second rollback goes further back.
 * A version that never was champion has none after it.
 */
function uncrown(live: Live, champion: LiveVersion, versions: VersionsAtHand, at: string): Live {
  const champions = [...(live.previous ? [live.previous.version] : []), ...live.earlier];
  const [before, ...rest] = champions
    .slice(champions.indexOf(champion.version) + 1)
    .filter((version) => versions.has(version));
  return {
    ...withCandidates(live, []),
    champion,
    previous: before === undefined ? null : requireVersion(versions, live.model, before, at),
    earlier: rest,
    rolledBackAtRevision: live.revision + 1,
  };
}

function rollBackTarget(live: Live, toVersion: number | undefined): number {
  if (toVersion !== undefined) return toVersion;
  if (live.previous) return live.previous.version;
  throw new EvergreenError(
    'no-previous-version',
    `${live.model} has no earlier champion to go back to; version ${live.champion?.version ?? 'none'} stays`,
  );
}

function refuseAfterRollback(
  live: Live,
  { version, liveRevision }: { version: number; liveRevision?: number | undefined },
): void {
  if (liveRevision === undefined || live.rolledBackAtRevision <= liveRevision) return;
  throw new EvergreenError(
    'revision-conflict',
    `${live.model} was rolled back to version ${live.champion?.version ?? 'none'} while the run of version ${version} was on; promote it by hand if it is wanted`,
  );
}

function noLongerCandidate({ model, champion }: Live, version: number): EvergreenError {
  return new EvergreenError(
    'revision-conflict',
    `version ${version} of ${model} is no longer the candidate; it stays out of traffic, and version ${champion?.version ?? 'none'} is the champion`,
  );
}

/** A candidate begins a rollout, or joins the A/B test that is on. */
function startCanary(
  live: Live,
  change: Extract<LiveChange, { kind: 'start-canary' }>,
  version: LiveVersion,
): Live {
  const { weight, runId, stickyBy, arms = 1 } = change;
  const others = candidatesOf(live);
  const { test } = live;
  const of = (how: typeof stickyBy) => ({
    ...version,
    weight,
    runId,
    ...(how === 'caller' && { stickyBy: how }),
  });
  if (others.length === 0) {
    const began = withCandidates(live, [of(stickyBy)]);
    return arms > 1 ? { ...began, test: { id: runId, arms, joined: 1 } } : began;
  }
  // One that shares with nobody by its own definition joins nobody.
  const spans = placesInTest(arms > 1 ? live : { ...live, test: undefined }, change.version, weight);
  const joined = (test?.joined ?? 0) + 1;
  // All are drawn alike, or one would be drawn for two.
  const joining = { ...of(others[0]?.stickyBy), arm: joined, spans };
  return { ...withCandidates(live, [...others, joining]), ...(test && { test: { ...test, joined } }) };
}

function apply(live: Live, change: LiveChange, versions: VersionsAtHand, at: string): Transition | undefined {
  switch (change.kind) {
    case 'start-canary': {
      if (findCandidate(live, change.version) || live.champion?.version === change.version) {
        return undefined;
      }
      refuseAfterRollback(live, change);
      const version = requireVersion(versions, live.model, change.version, at);
      return {
        live: startCanary(live, change, version),
        action: 'canary-started',
        version: change.version,
      };
    }
    case 'widen-canary': {
      const { candidate } = live;
      if (candidate?.version !== change.version || live.test) throw noLongerCandidate(live, change.version);
      if (candidate.weight === change.weight) return undefined;
      return {
        live: { ...live, candidate: { ...candidate, weight: change.weight, weightSince: at } },
        action: 'canary-widened',
        version: change.version,
      };
    }
    case 'promote': {
      if (live.champion?.version === change.version) return undefined;
      refuseAfterRollback(live, change);
      if (change.asCandidate && !findCandidate(live, change.version)) {
        throw noLongerCandidate(live, change.version);
      }
      if (change.asFirst && live.champion) {
        throw new EvergreenError(
          'revision-conflict',
          `version ${live.champion.version} of ${live.model} went live before version ${change.version}, which stays out of traffic`,
        );
      }
      const champion = requireVersion(versions, live.model, change.version, at);
      return { live: crown(live, champion), action: 'promoted', version: change.version };
    }
    case 'withdraw-candidate':
      if (!findCandidate(live, change.version)) return undefined;
      return {
        live: withCandidates(
          live,
          candidatesOf(live).filter(({ version }) => version !== change.version),
        ),
        action: 'candidate-withdrawn',
        version: change.version,
      };
    case 'roll-back': {
      const version = rollBackTarget(live, change.toVersion);
      if (live.champion?.version === version) {
        throw new EvergreenError(
          'version-not-servable',
          `version ${version} of ${live.model} is the champion already`,
        );
      }
      const champion = requireVersion(versions, live.model, version, at);
      return { live: uncrown(live, champion, versions, at), action: 'rolled-back', version };
    }
  }
}

/**
 * What takes traffic after a change; undefined when it is so already, which makes repeats harmless.
 *
 * @throws EvergreenError `revision-conflict`, `version-unknown`, `version-not-servable`, `no-previous-version`.
 */
export function nextLive(
  live: Live,
  change: LiveChange,
  versions: VersionsAtHand,
  at: string,
): Transition | undefined {
  const transition = apply(live, change, versions, at);
  if (!transition) return undefined;
  if (change.expectedRevision !== undefined && change.expectedRevision !== live.revision) {
    throw new EvergreenError(
      'revision-conflict',
      `${live.model} is at revision ${live.revision}, not ${change.expectedRevision}; read it again and repeat`,
    );
  }
  return { ...transition, live: { ...transition.live, revision: live.revision + 1, updatedAt: at } };
}

/** Versions a change needs at hand. */
export function versionsNeeded(live: Live, change: LiveChange): number[] {
  if (change.kind === 'withdraw-candidate' || change.kind === 'widen-canary') return [];
  if (change.kind !== 'roll-back') return [change.version];
  const champions = [...(live.previous ? [live.previous.version] : []), ...live.earlier];
  return [...new Set([...(change.toVersion === undefined ? [] : [change.toVersion]), ...champions])];
}
