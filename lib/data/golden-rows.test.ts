import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chooseGoldenRows } from './golden-rows.ts';

const candidate = (group: string, i: number, missing = false) => ({
  group,
  row: { i, value: missing ? null : 1 },
});

describe('chooseGoldenRows', () => {
  it('takes of each class in turn', () => {
    const candidates = [
      ...Array.from({ length: 40 }, (_, i) => candidate('common', i)),
      candidate('rare', 40),
      candidate('rare', 41),
    ];
    const chosen = chooseGoldenRows(candidates);
    expect(chosen).toHaveLength(32);
    expect(chosen.slice(-2)).toEqual([candidate('rare', 40).row, candidate('rare', 41).row]);
  });

  it('takes some rows with missing values, but not all', () => {
    const candidates = Array.from({ length: 100 }, (_, i) => candidate(`g${i % 2}`, i, i >= 50));
    const chosen = chooseGoldenRows(candidates);
    expect(chosen.filter(({ value }) => value === null)).toHaveLength(8);
  });

  it('chooses the same each time, without repeating one, and covers the groups', () => {
    const any = fc.array(fc.record({ group: fc.constantFrom('a', 'b', 'c'), missing: fc.boolean() }), {
      minLength: 1,
      maxLength: 80,
    });
    fc.assert(
      fc.property(any, (drawn) => {
        const candidates = drawn.map(({ group, missing }, i) => candidate(group, i, missing));
        const chosen = chooseGoldenRows(candidates);
        expect(chooseGoldenRows(candidates)).toEqual(chosen);
        expect(chosen).toHaveLength(Math.min(32, candidates.length));
        expect(new Set(chosen.map(({ i }) => i)).size).toBe(chosen.length);
        const groups = new Set(chosen.map(({ i }) => candidates[Number(i)]?.group));
        expect(groups).toEqual(new Set(drawn.map(({ group }) => group)));
      }),
    );
  });
});
