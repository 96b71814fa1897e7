/** Standard normal quantile of 0.99. */
export const z99 = 2.3263478740408408;

/**
 * The share that a number of successes proves at least, or at most: Wilson's bounds, each one-sided.
 *
 * Source: Wilson (1927), "Probable inference, the law of succession, and statistical inference".
 *
 * @param z Standard normal quantile of the confidence. @default 99 %
 */
export function wilsonBounds(successes: number, trials: number, z = z99): { least: number; most: number } {
  if (trials === 0) return { least: 0, most: 1 };
  const share = successes / trials;
  const square = (z * z) / trials;
  const middle = share + square / 2;
  const spread = z * Math.sqrt((share * (1 - share) + square / 4) / trials);
  return {
    least: Math.max(0, (middle - spread) / (1 + square)),
    most: Math.min(1, (middle + spread) / (1 + square)),
  };
}
