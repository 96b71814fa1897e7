import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { importanceOf, type Observation } from './importance.ts';

const set = z.object({
  observations: z.array(z.object({ position: z.array(z.number()), objective: z.number() })),
  shares: z.array(z.number()),
});
const fixture = z
  .object({ additive: set, peaked: set, few: set })
  .parse(JSON.parse(readFileSync(new URL('./fixtures/importances.json', import.meta.url), 'utf8')));

describe('importanceOf', () => {
  it.each(['additive', 'peaked', 'few'] as const)(
    'agrees with optuna on the %s trials, as two forests can',
    (name) => {
      const { observations, shares } = fixture[name];
      const found = importanceOf(observations, ['range', 'range', 3], 1) ?? [];
      expect(found).toHaveLength(3);
      for (const [place, share] of shares.entries()) {
        expect(Math.abs((found[place] ?? 1) - share)).toBeLessThan(0.04);
      }
    },
  );

  it('is exact for an additive objective on a whole grid of choices', () => {
    // Each point eight times, so that hardly any bootstrap sample misses one: 4:1 in standard deviations, 16:1 in shares.
    const grid: Observation[] = [0, 1, 2].flatMap((a) =>
      [0, 1, 2].flatMap((b) => Array.from({ length: 8 }, () => ({ position: [a, b], objective: 4 * a + b }))),
    );
    const [first = 0, second = 0] = importanceOf(grid, [3, 3], 1) ?? [];
    expect(first).toBeCloseTo(16 / 17, 3);
    expect(second).toBeCloseTo(1 / 17, 3);
  });

  it('leaves to nobody what two parameters explain only together', () => {
    const crossed: Observation[] = [0, 1].flatMap((a) =>
      [0, 1].flatMap((b) =>
        Array.from({ length: 20 }, () => ({ position: [a, b], objective: a === b ? 1 : 0 })),
      ),
    );
    for (const share of importanceOf(crossed, [2, 2], 1) ?? [1]) expect(share).toBeLessThan(1e-9);
  });

  it('does not depend on how the choices are numbered', () => {
    const { observations } = fixture.additive;
    const renamed = observations.map(({ position: [x = 0, y = 0, kind = 0], objective }) => ({
      position: [x, y, (kind + 1) % 3],
      objective,
    }));
    expect(importanceOf(renamed, ['range', 'range', 3], 1)).toEqual(
      importanceOf(observations, ['range', 'range', 3], 1),
    );
  });

  it('says nothing of few trials, or of trials that came out alike', () => {
    const { observations } = fixture.few;
    expect(importanceOf(observations.slice(0, 5), ['range', 'range', 3], 1)).toBeUndefined();
    const alike = observations.map((each) => ({ ...each, objective: 0.5 }));
    expect(importanceOf(alike, ['range', 'range', 3], 1)).toBeUndefined();
  });
});
