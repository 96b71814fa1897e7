import { EvergreenError } from '../shared/errors.ts';

const stateLength = 624;
const shift = 397;
const greatestSeed = 0xffffffff;

/**
 * The 32-bit Mersenne Twister, seeded by one integer.
 *
 * Source: M. Matsumoto and T. Nishimura, Mersenne Twister, ACM TOMACS 8 (1998); seeding as in their 2002 revision.
 */
function mersenneTwister(seed: number): () => number {
  const state = new Uint32Array(stateLength);
  const at = (index: number): number => state[index % stateLength] ?? 0;
  state[0] = seed;
  for (let i = 1; i < stateLength; i++) {
    state[i] = Math.imul(1812433253, at(i - 1) ^ (at(i - 1) >>> 30)) + i;
  }
  let position = stateLength;

  function regenerate(): void {
    for (let i = 0; i < stateLength; i++) {
      const mixed = (at(i) & 0x80000000) | (at(i + 1) & 0x7fffffff);
      state[i] = at(i + shift) ^ (mixed >>> 1) ^ ((mixed & 1) === 1 ? 0x9908b0df : 0);
    }
    position = 0;
  }

  return () => {
    if (position === stateLength) regenerate();
    let word = at(position++);
    word ^= word >>> 11;
    word ^= (word << 7) & 0x9d2c5680;
    word ^= (word << 15) & 0xefc60000;
    return (word ^ (word >>> 18)) >>> 0;
  };
}

/**
 * The permutation of 0 … n - 1 that `numpy.random.RandomState(seed).permutation(n)` gives.
 *
 * Fisher and Yates from the last place down; a place is drawn by masking and trying again until it fits.
 *
 * @throws EvergreenError `definition-invalid` for a seed that NumPy refuses.
 */
export function permutationOf(n: number, seed: number): Uint32Array {
  if (!Number.isInteger(seed) || seed < 0 || seed > greatestSeed) {
    throw new EvergreenError(
      'definition-invalid',
      `split seed ${seed} cannot be used; choose 0 to ${greatestSeed}`,
    );
  }
  const next = mersenneTwister(seed);
  const places = Uint32Array.from({ length: n }, (_, index) => index);
  for (let last = n - 1; last > 0; last--) {
    // The smallest 2^k - 1 that covers `last`; NumPy builds the same mask by smearing the highest bit.
    const mask = 0xffffffff >>> Math.clz32(last);
    let drawn = (next() & mask) >>> 0;
    while (drawn > last) drawn = (next() & mask) >>> 0;
    const moved = places[last] ?? 0;
    places[last] = places[drawn] ?? 0;
    places[drawn] = moved;
  }
  return places;
}
