import { describe, expect, it } from 'vitest';
import { seededRandom } from '../shared/random.ts';
import { alwaysValid } from './always-valid.ts';

const density = (x: number, mean: number, deviation: number) =>
  Math.exp(-(((x - mean) / deviation) ** 2) / 2) / (deviation * Math.sqrt(2 * Math.PI));

/** The evidence by its definition: the likelihood under differences drawn around none, over that under none. */
function byIntegration(difference: number, standardError: number, spread: number): number {
  const step = spread / 2000;
  let sum = 0;
  for (let truth = -10 * spread; truth <= 10 * spread; truth += step) {
    sum += density(difference, truth, standardError) * density(truth, 0, spread) * step;
  }
  return sum / density(difference, 0, standardError);
}

describe('alwaysValid', () => {
  it.each([
    [0.02, 0.01, 0.03],
    [0.05, 0.01, 0.03],
    [-0.01, 0.02, 0.1],
    [0, 0.01, 0.01],
  ])(
    'weighs a difference of %d with error %d as its definition says',
    (difference, standardError, spread) => {
      const { evidence } = alwaysValid({ difference, standardError }, spread, 0.05);
      expect(evidence).toBeCloseTo(byIntegration(difference, standardError, spread), 6);
    },
  );

  it('has an interval without zero where, and only where, a difference is proven', () => {
    for (let difference = -0.1; difference <= 0.1; difference += 0.001) {
      const { isProven, low, high } = alwaysValid({ difference, standardError: 0.01 }, 0.03, 0.05);
      expect(isProven).toBe(low >= 0 || high <= 0);
    }
  });

  it('says nothing where nothing varied', () => {
    expect(alwaysValid({ difference: 0.1, standardError: 0 }, 0.03, 0.05)).toMatchObject({
      isProven: false,
      evidence: 1,
    });
  });

  it('finds no difference in 95 of 100 streams of equal means, looked at after each value', () => {
    const random = seededRandom(20261125);
    const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
    let wrong = 0;
    const streams = 1000;
    for (let stream = 0; stream < streams; stream += 1) {
      let sum = 0;
      for (let count = 1; count <= 2000; count += 1) {
        sum += normal();
        if (
          alwaysValid({ difference: sum / count, standardError: 1 / Math.sqrt(count) }, 0.1, 0.05).isProven
        ) {
          wrong += 1;
          break;
        }
      }
    }
    // The chance of more than 70 where it is 5 % is 2 in 1000.
    expect(wrong).toBeLessThanOrEqual(70);
    expect(wrong).toBeGreaterThan(0);
  });
});
