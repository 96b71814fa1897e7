import { describe, expect, it } from 'vitest';
import { anOrder, tuningOrders } from './fixtures/builders.ts';
import { jobTimeoutSeconds } from './training-plan.ts';

const startSeconds = 30 * 60;
const definitionOf = (name: string) => (tuningOrders[name] ?? anOrder()).deployed.definition;

describe('jobTimeoutSeconds', () => {
  it('gives one job its run time and time to start', () => {
    expect(jobTimeoutSeconds(anOrder({ maxRuntimeMinutes: 5 }).deployed.definition)).toBe(300 + startSeconds);
  });

  it('gives a search the time of its rounds', () => {
    expect(jobTimeoutSeconds(definitionOf('bayesian'))).toBe(3 * 3600 + startSeconds);
    expect(jobTimeoutSeconds(definitionOf('random'))).toBe(3600 + startSeconds);
  });

  it('gives a grid the time of all its points, whatever number of trials is set', () => {
    // 3 x 2 x 2 points, three at a time, ten minutes each.
    expect(jobTimeoutSeconds(definitionOf('grid'))).toBe(4 * 600 + startSeconds);
  });
});
