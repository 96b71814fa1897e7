import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import reference from './fixtures/statistics.json' with { type: 'json' };
import { chiSquareQuantile999, populationStability } from './psi.ts';

const counts = fc.array(fc.nat(500), { minLength: 2, maxLength: 12 });

describe('populationStability', () => {
  it.each(reference.psi)('agrees with NumPy on case %#', ({ frozen, live, psi, chance }) => {
    const found = populationStability(frozen, live);
    expect(found.psi).toBeCloseTo(psi, 12);
    expect(Math.abs(found.chance - chance) / chance).toBeLessThan(0.04);
  });

  it('is what a hand calculation gives', () => {
    // Smoothed shares 0.25/0.75 and 0.75/0.25: twice half of ln 3.
    expect(populationStability([0, 1], [1, 0]).psi).toBeCloseTo(Math.log(3), 12);
  });

  it('never is negative, and zero for the same counts', () => {
    fc.assert(
      fc.property(counts, counts, (frozen, live) => {
        expect(populationStability(frozen, live).psi).toBeGreaterThanOrEqual(0);
        expect(populationStability(frozen, frozen).psi).toBe(0);
      }),
    );
  });

  it('is the same seen from either side when both samples are as large', () => {
    expect(populationStability([10, 20, 30], [30, 20, 10]).psi).toBeCloseTo(
      populationStability([30, 20, 10], [10, 20, 30]).psi,
      12,
    );
  });

  it('does not count bins that are empty on both sides', () => {
    expect(populationStability([10, 0, 20], [5, 0, 9])).toEqual(populationStability([10, 20], [5, 9]));
  });

  it('stays below the bound of chance when nothing changed', () => {
    // Deterministic draws from ten equal bins, 50 live rows against 120 frozen ones.
    let state = 12_345;
    const draw = () => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return Math.floor((state / 2 ** 32) * 10);
    };
    const sample = (size: number) => {
      const bins = Array.from({ length: 10 }, () => 0);
      for (let index = 0; index < size; index += 1) {
        const bin = draw();
        bins[bin] = (bins[bin] ?? 0) + 1;
      }
      return bins;
    };
    const passes = Array.from({ length: 2000 }, () => populationStability(sample(120), sample(50)));
    expect(passes.filter(({ psi, chance }) => psi > chance).length).toBeLessThan(10);
    expect(passes.filter(({ psi }) => psi >= 0.2).length).toBeGreaterThan(400);
  });
});

describe('chiSquareQuantile999', () => {
  it.each(Object.entries(reference.chiSquare999))('is near SciPy with %s degrees of freedom', (df, value) => {
    expect(Math.abs(chiSquareQuantile999(Number(df)) - value) / value).toBeLessThan(0.04);
  });
});
