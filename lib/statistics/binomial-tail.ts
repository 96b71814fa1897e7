/**
 * By how much the logarithm of `n!` exceeds that of Stirling's formula.
 *
 * Source: Loader (2000), "Fast and accurate computation of binomial probabilities"; his series, and products below 16.
 */
function stirlingError(n: number): number {
  if (n < 16) {
    let factorial = 1;
    for (let factor = 2; factor <= n; factor += 1) factorial *= factor;
    return Math.log(factorial) - (n + 0.5) * Math.log(n) + n - 0.5 * Math.log(2 * Math.PI);
  }
  const square = n * n;
  return (1 / 12 - (1 / 360 - (1 / 1260 - 1 / 1680 / square) / square) / square) / n;
}

/** The chance of exactly `k` of `n`, for 0 <= k < n and 0 < share < 1. */
function binomialChance(k: number, n: number, share: number): number {
  if (k === 0) return Math.exp(n * Math.log1p(-share));
  const others = n - k;
  const surplus = k - n * share;
  const deviance = k * Math.log1p(surplus / (n * share)) + others * Math.log1p(-surplus / (n * (1 - share)));
  const correction = stirlingError(n) - stirlingError(k) - stirlingError(others);
  return Math.exp(correction - deviance) * Math.sqrt(n / (2 * Math.PI * k * others));
}

/**
 * The chance that at most `k` of `n` independent draws succeed, each with the chance `share`.
 *
 * @param k Whole number, at least 0; from `n` on the answer is 1.
 */
export function binomialTail(k: number, n: number, share: number): number {
  if (k >= n || share <= 0) return 1;
  if (share >= 1) return 0;
  // Above the middle the other tail is the short one.
  if (k > n * share) return 1 - binomialTail(n - k - 1, n, 1 - share);
  let term = 1;
  let sum = 1;
  for (let i = k; i > 0 && term > sum * Number.EPSILON; i -= 1) {
    term *= (i * (1 - share)) / ((n - i + 1) * share);
    sum += term;
  }
  return sum * binomialChance(k, n, share);
}
