import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { countBins, decilesOf, edgesOf } from '../profile.ts';
import { addCounts, coarsen, fineEdges } from './joint-counts.ts';

const number = fc.oneof(
  fc.integer({ min: -5, max: 5 }),
  fc.double({ noNaN: true, min: -3.4e38, max: 3.4e38 }),
);

describe('fineEdges', () => {
  it('keep every decile, ascend, and lead to the same bins when they are put together again', () => {
    fc.assert(
      fc.property(fc.array(number, { minLength: 1, maxLength: 80 }), (values) => {
        const sorted = Float64Array.from(values).sort();
        const edges = edgesOf(decilesOf(sorted));
        const fine = fineEdges(edges, sorted[0] ?? 0, sorted.at(-1) ?? 0);
        expect(fine).toEqual(expect.arrayContaining(edges));
        expect(fine.every((edge, place) => place === 0 || edge > (fine[place - 1] ?? edge))).toBe(true);
        expect(coarsen(countBins(values, fine), fine, edges)).toEqual(countBins(values, edges));
      }),
    );
  });

  it('cut each tenth into ten', () => {
    const fine = fineEdges([10, 20, 30], 0, 40);
    expect(fine).toHaveLength(39);
    expect(fine.slice(0, 11)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
  });
});

describe('addCounts', () => {
  it('sums bin by bin, shorter lists as zeros', () => {
    expect(addCounts([[1, 2], [3]], 3)).toEqual([4, 2, 0]);
    expect(addCounts([], 2)).toEqual([0, 0]);
  });
});
