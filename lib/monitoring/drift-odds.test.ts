import { describe, expect, it } from 'vitest';
import { shifts, simulate, simulateMonth, unchanged } from './fixtures/drift-odds.ts';

/* Few repeats, so that it is quick; docs/decisions/0013 has the figures of many. */

const timeout = 60_000;

describe('drift, where nothing changed', () => {
  // More than these, at a chance of 0.001 each, happens once in several thousand such tests.
  it.each([
    [5, 1000, 5],
    [20, 400, 4],
    [100, 100, 2],
  ])(
    'is hardly ever found in %d features: in %d measurements at most %d times',
    (count, repeats, most) => {
      const { any } = simulate(unchanged(count), { train: 500, live: 100, repeats, seed: count });
      expect(any * repeats).toBeLessThanOrEqual(most);
    },
    timeout,
  );

  it(
    'raises at most one alarm in a month of hourly measurements',
    () => {
      const { raised, measured } = simulateMonth(unchanged(20), { train: 500, hourly: 20, seed: 4 });
      expect(measured).toBe(30 * 24);
      expect(raised).toBeLessThanOrEqual(1);
    },
    timeout,
  );
});

describe('drift, where something changed', () => {
  it.each([
    ['mean + 0.5 sd', 500],
    ['spread x 1.5', 900],
    ['category 30 % to 40 %', 900],
    ['missing 0 % to 5 %', 400],
    ['missing 5 % to 10 %', 1500],
  ])(
    'finds %s in one of 20 features from %d rows on',
    (name, live) => {
      const shifted = shifts[name];
      if (!shifted) throw new Error(`no shift ${name}`);
      const features = [shifted, ...unchanged(19)];
      const { first } = simulate(features, { train: 5000, live, repeats: 40, seed: 5 });
      expect(first).toBeGreaterThanOrEqual(0.9);
    },
    timeout,
  );
});
