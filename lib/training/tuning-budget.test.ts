import { describe, expect, it } from 'vitest';
import type { ModelDefinitionInput } from '../model/definition.ts';
import { anOrder, site, tuningOrders } from './fixtures/builders.ts';
import { tuningJob } from './training-job.ts';
import { limitsOfNext, moneyOf, nextSearch, nothingSpent, type TuningCost } from './tuning-budget.ts';

type Tune = NonNullable<NonNullable<ModelDefinitionInput['train']>['tune']>;

function aSearch(change: Partial<Tune> = {}, train: ModelDefinitionInput['train'] = {}) {
  const parameters = { C: { type: 'continuous' as const, min: 0.01, max: 100 } };
  const order = anOrder({ ...train, tune: { parameters, maxTrials: 8, parallelTrials: 2, ...change } });
  const definition = order.deployed.definition.train;
  const { tune } = definition;
  if (!tune) throw new Error('the definition does not tune');
  return {
    order,
    next: (spent: Partial<TuningCost> = {}) => limitsOfNext(definition, tune, { ...nothingSpent, ...spent }),
    nextRequest: (spent: Partial<TuningCost>, earlier: string[]) => {
      const first = tuningJob(site, order);
      if (!first) throw new Error('no request');
      return nextSearch(first, definition, tune, { ...nothingSpent, ...spent }, earlier);
    },
    definition,
  };
}

describe('limitsOfNext', () => {
  it('gives one search its trials and no second one when nothing else is set', () => {
    const { next } = aSearch();
    expect(next()).toEqual({ limits: { MaxNumberOfTrainingJobs: 8, MaxParallelTrainingJobs: 2 } });
    expect(next({ searches: 1, trials: 8 })).toEqual({ reason: 'all 8 trials of the budget were used' });
  });

  it('gives the next search the trials that are left, and no more machines than trials', () => {
    const { next } = aSearch({ budget: { trials: 9 } });
    expect(next({ searches: 1, trials: 8 })).toEqual({
      limits: { MaxNumberOfTrainingJobs: 1, MaxParallelTrainingJobs: 1 },
    });
  });

  it('turns minutes into a limit on the search, of which the earlier ones used up their part', () => {
    const { next } = aSearch({ budget: { minutes: 10 } });
    expect(next()).toMatchObject({ limits: { MaxRuntimeInSeconds: 600 } });
    expect(next({ searches: 1, trials: 8, seconds: 240 })).toMatchObject({
      limits: { MaxRuntimeInSeconds: 360, MaxNumberOfTrainingJobs: 8 },
    });
    expect(next({ searches: 2, trials: 16, seconds: 500 })).toEqual({
      reason: 'the budget leaves 100 seconds, and a search takes at least 120',
    });
  });

  it('turns money into seconds of all machines that run at a time', () => {
    // 0.90 an hour, two machines: 0.30 pays for 600 seconds.
    const { next, definition } = aSearch({ budget: { money: 0.3 } }, { pricePerHour: 0.9 });
    expect(next()).toMatchObject({ limits: { MaxRuntimeInSeconds: 600 } });
    // 400 machine seconds cost 0.10 and leave 0.20.
    const spent = { searches: 1, trials: 4, seconds: 200, machineSeconds: 400 };
    expect(moneyOf(definition, { ...nothingSpent, ...spent })).toBeCloseTo(0.1, 12);
    expect(next(spent)).toMatchObject({ limits: { MaxRuntimeInSeconds: 400 } });
  });

  it('pays for every instance of a trial', () => {
    const { next, definition } = aSearch({ budget: { money: 0.3 } }, { pricePerHour: 0.9, instanceCount: 2 });
    expect(next()).toMatchObject({ limits: { MaxRuntimeInSeconds: 300 } });
    const spent = { searches: 1, trials: 4, seconds: 100, machineSeconds: 200 };
    expect(moneyOf(definition, { ...nothingSpent, ...spent })).toBeCloseTo(0.1, 12);
  });

  it('takes the tightest of several limits', () => {
    const { next } = aSearch({ budget: { money: 0.3, minutes: 5, trials: 3 } }, { pricePerHour: 0.9 });
    expect(next()).toEqual({
      limits: { MaxNumberOfTrainingJobs: 3, MaxParallelTrainingJobs: 2, MaxRuntimeInSeconds: 300 },
    });
  });

  it('tries a grid once', () => {
    const train = tuningOrders.grid?.deployed.definition.train;
    if (!train?.tune) throw new Error('no grid');
    expect(limitsOfNext(train, train.tune, { ...nothingSpent, searches: 1, trials: 12 })).toEqual({
      reason: 'the whole grid was tried',
    });
  });

  it('ends after five searches, however much is left', () => {
    expect(aSearch({ budget: { minutes: 9999 } }).next({ searches: 5, trials: 40 })).toEqual({
      reason: '5 searches are the most for one run',
    });
  });
});

describe('nextSearch', () => {
  it('knows the trials before it and draws others', () => {
    const { nextRequest, order } = aSearch({ budget: { trials: 12 } });
    const first = tuningJob(site, order);
    const next = nextRequest({ searches: 1, trials: 8 }, ['evergreen-0123456789abcdef-r0a0']);
    expect(next).toMatchObject({
      request: {
        HyperParameterTuningJobName: 'evergreen-0123456789abcdef2',
        HyperParameterTuningJobConfig: { RandomSeed: 44, ResourceLimits: { MaxNumberOfTrainingJobs: 4 } },
        WarmStartConfig: {
          ParentHyperParameterTuningJobs: [
            { HyperParameterTuningJobName: 'evergreen-0123456789abcdef-r0a0' },
          ],
          WarmStartType: 'IdenticalDataAndAlgorithm',
        },
        TrainingJobDefinition: first?.TrainingJobDefinition,
      },
    });
  });
});
