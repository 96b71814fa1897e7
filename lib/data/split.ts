import { sha256 } from '../shared/digest.ts';
import { permutationOf } from './numpy-permutation.ts';

export type Side = 'train' | 'test';

/** How many of n rows are held out: rounded up as scikit-learn does, but each side keeps a row where there are two. */
export function testSize(n: number, testShare: number): number {
  const wanted = Math.ceil(testShare * n);
  return n < 2 ? Math.min(wanted, n) : Math.min(Math.max(wanted, 1), n - 1);
}

/**
 * The rows of each side, in the order scikit-learn's `train_test_split(test_size, random_state)` gives them.
 *
 * @param n Number of rows; the answer holds the row numbers 0 … n - 1.
 */
export function seededSplit(
  n: number,
  testShare: number,
  seed: number,
): { train: Uint32Array; test: Uint32Array } {
  const order = permutationOf(n, seed);
  const held = testSize(n, testShare);
  return { test: order.subarray(0, held), train: order.subarray(held) };
}

const identityDigits = 13;

/**
 * A row is held out when the first 13 hexadecimal digits of its identity's SHA-256 sort before this text.
 *
 * 13 digits are 52 bits, which a number holds exactly.
 */
export function heldOutBelow(testShare: number): string {
  // 'g' sorts after every hexadecimal digit: everything is held out.
  if (testShare >= 1) return 'g';
  return Math.floor(testShare * 2 ** (4 * identityDigits))
    .toString(16)
    .padStart(identityDigits, '0');
}

/** The part of an identity's digest that decides its side. */
export function sideKey(identity: string): string {
  return sha256(identity).slice(0, identityDigits);
}

/** The side of a row by its identity alone, so that it stays there whatever else the data holds. */
export function sideOf(identity: string, testShare: number): Side {
  return sideKey(identity) < heldOutBelow(testShare) ? 'test' : 'train';
}

/** One text for the values that identify a row; lengths keep ("ab", "c") and ("a", "bc") apart. */
export function identityText(values: (string | null)[]): string {
  return values.map((value) => (value === null ? '-' : `${Buffer.byteLength(value)}:${value}`)).join('|');
}
