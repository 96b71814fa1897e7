import type { Trigger } from '../intake/run.ts';
import { abOf, shareOf } from '../model/ab-test.ts';
import type { ModelDefinition } from '../model/definition.ts';
import type { Live } from '../registry/registry.ts';
import { longestBake } from './judge.ts';

export interface RolloutPlan {
  outcome: 'go';
  /** Without a champion there is nothing to compare with: after the replay the version goes live at once. */
  hasChampion: boolean;
  /** Whether the candidate gets its share of the traffic first, in a canary or an A/B test. */
  isCanary: boolean;
  /** What it is called in the log. */
  kind: 'canary' | 'A/B test';
  stickyBy: 'request' | 'caller';
  /** Percents of the steps. */
  weights: number[];
  /** Most candidates that may be in traffic with it; 1 is none but it. */
  arms: number;
  bakeSeconds: number;
  /** Seconds between two looks of the judge. */
  lookEverySeconds: number;
}

export type RolloutStart = RolloutPlan | { outcome: 'superseded'; reason: string };

export interface RolloutRequest {
  version: number;
  /** Revision of what was live when the run began. */
  liveRevision: number;
  /** Why the run began. @default upload */
  trigger?: Trigger['kind'] | undefined;
}

const looks = 5;
const longestLookSeconds = 30;
/** An execution has at most 25,000 events, of which a look takes some twenty. Between looks alarms keep watch. */
const mostLooks = 800;

/**
 * Whether and how a version is rolled out.
 *
 * A run that began before a rollback must not undo it, and an older version never replaces a newer champion.
 */
export function planRollout(
  live: Live,
  { version, liveRevision, trigger }: RolloutRequest,
  policy: ModelDefinition['rollout'],
  bakeSecondsOfStage?: number,
): RolloutStart {
  const { strategy } = policy;
  if (live.rolledBackAtRevision > liveRevision) {
    return {
      outcome: 'superseded',
      reason: `${live.model} was rolled back to version ${live.champion?.version} while this run was on; promote version ${version} by hand if it is wanted`,
    };
  }
  if (live.champion && live.champion.version > version) {
    return {
      outcome: 'superseded',
      reason: `version ${live.champion.version} of ${live.model} went live first`,
    };
  }
  const hasChampion = live.champion !== null && live.champion.version !== version;
  if (strategy === 'pinned' && hasChampion) {
    return {
      outcome: 'superseded',
      reason: `${live.model} is pinned to version ${live.champion?.version}; promote version ${version} by hand if it is wanted: evergreen models promote ${live.model} ${version}`,
    };
  }
  if (trigger === 'shadow-retrain' && hasChampion) {
    return {
      outcome: 'superseded',
      reason: `version ${version} was trained to be at hand; look at it and promote it if it is wanted: evergreen models promote ${live.model} ${version}`,
    };
  }
  const traffic = strategy === 'ab' ? planAb(policy) : planCanary(policy, bakeSecondsOfStage);
  const isCanary = hasChampion && (strategy === 'canary' || strategy === 'ab');
  return { outcome: 'go', hasChampion, isCanary, ...traffic };
}

type TrafficPlan = Pick<
  RolloutPlan,
  'kind' | 'stickyBy' | 'weights' | 'arms' | 'bakeSeconds' | 'lookEverySeconds'
>;

function planCanary({ canary }: ModelDefinition['rollout'], bakeSecondsOfStage?: number): TrafficPlan {
  const bakeSeconds = bakeSecondsOfStage ?? canary.bakeSeconds;
  const weights = canary.steps ?? [canary.weight];
  const leastSeconds = Math.ceil((bakeSeconds * longestBake * weights.length) / mostLooks);
  const lookSeconds = Math.max(1, Math.min(longestLookSeconds, Math.floor(bakeSeconds / looks)));
  const lookEverySeconds = Math.max(lookSeconds, leastSeconds);
  return { kind: 'canary', stickyBy: canary.stickyBy, weights, arms: 1, bakeSeconds, lookEverySeconds };
}

/** A test lasts as long as its definition says on every stage: its time is what it is about. */
function planAb(policy: ModelDefinition['rollout']): TrafficPlan {
  const ab = abOf(policy);
  const { arms, mostDays, lookEverySeconds, stickyBy } = ab;
  const bakeSeconds = Math.ceil(mostDays * 86_400);
  const leastSeconds = Math.ceil(bakeSeconds / mostLooks);
  return {
    kind: 'A/B test',
    stickyBy,
    weights: [shareOf(ab)],
    arms,
    bakeSeconds,
    lookEverySeconds: Math.max(lookEverySeconds, leastSeconds),
  };
}
