import { chiSquareTail } from './chi-square.ts';

/** The chance that a standard normal variable is greater than `z`. */
export function normalTail(z: number): number {
  const half = chiSquareTail(z * z, 1) / 2;
  return z >= 0 ? half : 1 - half;
}

/** The value that a standard normal variable exceeds with the chance `tail`, for 1e-300 < tail <= 0.5; by halving. */
export function normalQuantile(tail: number): number {
  let [low, high] = [0, 38];
  for (let step = 0; step < 60; step += 1) {
    const middle = (low + high) / 2;
    if (normalTail(middle) > tail) low = middle;
    else high = middle;
  }
  return high;
}
