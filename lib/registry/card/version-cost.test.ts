import { describe, expect, it } from 'vitest';
import { cardDocuments } from './fixtures/documents.ts';
import { costOfVersion } from './version-cost.ts';

const { train } = cardDocuments({ train: { pricePerHour: 1.2, instanceCount: 3 } }).deployed.definition;
const aTrial = (seconds: number, status: 'completed' | 'failed' = 'completed') => ({
  job: `trial-${seconds}`,
  search: 'search-1',
  hyperparameters: {},
  objective: null,
  status,
  seconds,
});

describe('costOfVersion', () => {
  it('counts the job on each of its instances', () => {
    expect(costOfVersion(train, { durationSeconds: 600 }, null)).toEqual({
      trainingSeconds: 600,
      trials: null,
      instances: 3,
      instanceType: 'ml.m5.large',
      pricePerHour: 1.2,
      money: expect.closeTo(0.6, 12),
    });
  });

  it('counts all trials of a search, also those that failed', () => {
    const trials = [aTrial(100), aTrial(200), aTrial(60, 'failed')];
    expect(costOfVersion(train, { durationSeconds: 90 }, { trials })).toMatchObject({
      trainingSeconds: 360,
      trials: 3,
      money: expect.closeTo(0.36, 12),
    });
  });

  it('knows no money without a price', () => {
    const { pricePerHour: _, ...priceless } = train;
    expect(costOfVersion(priceless, { durationSeconds: 600 }, null)).toMatchObject({
      pricePerHour: null,
      money: null,
    });
  });
});
