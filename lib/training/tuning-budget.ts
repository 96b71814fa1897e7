import type { CreateHyperParameterTuningJobRequest, ResourceLimits } from '@aws-sdk/client-sagemaker';
import type { TrainingDefinition } from '../model/training.ts';
import {
  leastTuningSeconds,
  parallelTrialsOf,
  secondsFor,
  type TuningDefinition,
  trialsOf,
} from '../model/tuning.ts';

/** What the searches of a run took so far. */
export interface TuningCost {
  searches: number;
  trials: number;
  /** Of wall time. */
  seconds: number;
  /** Of all trials together, each on its machine. */
  /** Of all trials; each has as many instances as the definition says. */
  machineSeconds: number;
}

export const nothingSpent: TuningCost = { searches: 0, trials: 0, seconds: 0, machineSeconds: 0 };

/** SageMaker lets a search learn from at most five before it. */
const mostSearches = 5;

/** The money that trials cost; null when the definition states no price. */
export function moneyOf(train: TrainingDefinition, { machineSeconds }: TuningCost): number | null {
  const { pricePerHour, instanceCount } = train;
  return pricePerHour === undefined ? null : (machineSeconds / 3600) * pricePerHour * instanceCount;
}

function secondsLeft(train: TrainingDefinition, tune: TuningDefinition, spent: TuningCost): number {
  const { minutes, money } = tune.budget ?? {};
  const ofTime = minutes === undefined ? Number.POSITIVE_INFINITY : minutes * 60 - spent.seconds;
  if (money === undefined || train.pricePerHour === undefined) return ofTime;
  const left = money - (moneyOf(train, spent) ?? 0);
  return Math.min(ofTime, secondsFor(left, train.pricePerHour, parallelTrialsOf(tune) * train.instanceCount));
}

function trialsLeft({ maxTrials, budget }: TuningDefinition, spent: TuningCost): number {
  const isBudgetOfTime = budget?.minutes !== undefined || budget?.money !== undefined;
  return (budget?.trials ?? (isBudgetOfTime ? Number.POSITIVE_INFINITY : maxTrials)) - spent.trials;
}

/** The limits of the next search within what the budget leaves, or the reason why there is none. */
export function limitsOfNext(
  train: TrainingDefinition,
  tune: TuningDefinition,
  spent: TuningCost,
): { limits: ResourceLimits } | { reason: string } {
  if (tune.strategy === 'grid' && spent.searches > 0) return { reason: 'the whole grid was tried' };
  if (spent.searches >= mostSearches) return { reason: `${mostSearches} searches are the most for one run` };
  const trials = Math.min(
    trialsOf(tune),
    tune.strategy === 'grid' ? trialsOf(tune) : trialsLeft(tune, spent),
  );
  if (trials < 1) return { reason: `all ${spent.trials} trials of the budget were used` };
  const seconds = Math.floor(secondsLeft(train, tune, spent));
  if (seconds < leastTuningSeconds) {
    return {
      reason: `the budget leaves ${Math.max(0, seconds)} seconds, and a search takes at least ${leastTuningSeconds}`,
    };
  }
  return {
    limits: {
      // A grid is as large as its ranges; SageMaker takes no number for it.
      ...(tune.strategy === 'grid' ? {} : { MaxNumberOfTrainingJobs: trials }),
      MaxParallelTrainingJobs: Math.min(parallelTrialsOf(tune), trials),
      ...(Number.isFinite(seconds) ? { MaxRuntimeInSeconds: seconds } : {}),
    },
  };
}

/**
 * The request of the next search of a run, which knows all trials before it.
 *
 * @param first The request of the first search.
 * @param earlier Names of the searches so far.
 */
export function nextSearch(
  first: CreateHyperParameterTuningJobRequest,
  train: TrainingDefinition,
  tune: TuningDefinition,
  spent: TuningCost,
  earlier: string[],
): { request: CreateHyperParameterTuningJobRequest } | { reason: string } {
  const next = limitsOfNext(train, tune, spent);
  if ('reason' in next) return next;
  const { HyperParameterTuningJobConfig: config, HyperParameterTuningJobName: name } = first;
  const number = earlier.length + 1;
  return {
    request: {
      ...first,
      HyperParameterTuningJobName: `${name}${number}`,
      HyperParameterTuningJobConfig: {
        ...config,
        Strategy: config?.Strategy,
        ResourceLimits: next.limits,
        // The same seed would draw the same first trials again.
        RandomSeed: ((config?.RandomSeed ?? 0) + number) % 2 ** 31,
      },
      WarmStartConfig: {
        ParentHyperParameterTuningJobs: earlier.map((each) => ({ HyperParameterTuningJobName: each })),
        WarmStartType: 'IdenticalDataAndAlgorithm',
      },
    },
  };
}
