import { describe, expect, it } from 'vitest';
import type { VersionCost } from '../registry/card/model-card.ts';
import { costOfDay, type DayUsage } from './model-cost.ts';

const training: VersionCost = {
  trainingSeconds: 1800,
  trials: null,
  instances: 2,
  instanceType: 'ml.m5.large',
  pricePerHour: null,
  money: null,
};
const usage: DayUsage = {
  requests: 1_000_000,
  latencyMs: 5_000_000,
  captured: { bytes: 0, objects: 0 },
  trainings: [],
};
const machine = { memoryMib: 1024, architecture: 'arm64' } as const;

describe('costOfDay', () => {
  it('is what a calculation by hand gives', () => {
    const { predictions, captures, total } = costOfDay(usage, machine);
    // Gateway 3.5, firewall 0.6 and function 0.2 a million; 5,000 GB-seconds.
    expect(predictions).toBeCloseTo(3.5 + 0.6 + 0.2 + 5000 * 0.0000133334, 6);
    expect(captures).toBe(0);
    expect(total).toBe(predictions);
  });

  it('counts captures by the day and memory by its size, on x64 at its own price', () => {
    const day = costOfDay({ ...usage, captured: { bytes: 1e9, objects: 1000 } }, machine);
    // A month of such days is 35.53.
    expect(day.captures).toBeCloseTo(35.53 / 30, 3);
    const large = costOfDay({ ...usage, requests: 0 }, { memoryMib: 2048, architecture: 'x86_64' });
    expect(large.predictions).toBeCloseTo(10_000 * 0.0000166667, 6);
  });

  it('counts trainings at the price of the definition, or of the table, and names those without any', () => {
    const of = (over: Partial<VersionCost>) =>
      costOfDay({ ...usage, trainings: [{ ...training, ...over }] }, machine);
    expect(of({}).training).toBeCloseTo(0.115);
    expect(of({ pricePerHour: 3 }).training).toBeCloseTo(3);
    expect(of({ instanceType: 'ml.p9.large' })).toMatchObject({ training: 0, unpriced: ['ml.p9.large'] });
  });

  it('is nothing for nothing', () => {
    const none = { requests: 0, latencyMs: 0, captured: { bytes: 0, objects: 0 }, trainings: [] };
    expect(costOfDay(none, machine).total).toBe(0);
  });
});
