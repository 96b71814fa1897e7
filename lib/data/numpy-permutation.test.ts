import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sha256 } from '../shared/digest.ts';
import expected from './fixtures/numpy-permutations.json' with { type: 'json' };
import { permutationOf } from './numpy-permutation.ts';
import { seededSplit } from './split.ts';

const kept = (numbers: Uint32Array) => ({
  length: numbers.length,
  head: [...numbers.subarray(0, 40)],
  sha256: sha256(numbers.join(',')),
});

describe('permutationOf', () => {
  it.each(expected.splits)(
    'gives the rows scikit-learn gives for n = $n, share = $testShare, seed = $seed',
    ({ n, testShare, seed, train, test }) => {
      const split = seededSplit(n, testShare, seed);
      expect(kept(split.test)).toEqual(test);
      expect(kept(split.train)).toEqual(train);
    },
  );

  it('holds each number once', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 300 }), fc.integer({ min: 0, max: 0xffffffff }), (n, seed) => {
        const numbers = [...permutationOf(n, seed)].sort((a, b) => a - b);
        expect(numbers).toEqual(Array.from({ length: n }, (_, index) => index));
      }),
    );
  });

  it.each([-1, 1.5, 2 ** 32])('refuses seed %d, which NumPy refuses', (seed) => {
    expect(() => permutationOf(3, seed)).toThrow(/split seed .* choose 0 to 4294967295/);
  });
});
