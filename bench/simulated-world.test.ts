import { describe, expect, it } from 'vitest';
import { seededRandom } from '../lib/shared/random.ts';
import { accuraciesOn, breaks, drawRow, noise, train, truthOn } from './simulated-world.ts';

describe('the simulated world', () => {
  const random = seededRandom(5);
  const learnedOn = (day: number) => train(Array.from({ length: 2000 }, () => drawRow(day, random)));

  it('lets the truth itself be wrong by its noise alone', () => {
    expect(accuraciesOn(40, [truthOn(40)])).toEqual([1 - noise]);
  });

  it('is learned from its rows, until it turns', () => {
    const [first] = breaks;
    if (!first) throw new Error('no break');
    const line = learnedOn(first.day - 1);
    const [before = 0] = accuraciesOn(first.day - 1, [line]);
    const [after = 1] = accuraciesOn(first.day, [line]);
    expect(before).toBeGreaterThan(1 - noise - 0.02);
    expect(after).toBeLessThan(before - 0.2);
  });
});
