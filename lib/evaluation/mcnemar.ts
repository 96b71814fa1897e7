/**
 * Natural logarithm of the gamma function for positive numbers.
 *
 * Source: Lanczos approximation with g = 7 and nine coefficients; relative error below 1e-14 there.
 */
function logGamma(x: number): number {
  const coefficients = [
    0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059,
    12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
  ];
  const shifted = x - 1;
  const total = coefficients.reduce(
    (sum, coefficient, i) => sum + (i === 0 ? coefficient : coefficient / (shifted + i)),
    0,
  );
  const base = shifted + 7.5;
  return 0.5 * Math.log(2 * Math.PI) + (shifted + 0.5) * Math.log(base) - base + Math.log(total);
}

/**
 * Two-sided p value of the exact McNemar test: whether two classifiers that saw the same rows err equally often.
 *
 * @param onlyFirst Rows that the first alone got right.
 * @param onlySecond Rows that the second alone got right.
 *
 * Source: McNemar, Psychometrika 12, 1947, in its exact form: a binomial test of the discordant rows at one half.
 */
export function mcnemarExact(onlyFirst: number, onlySecond: number): number {
  const discordant = onlyFirst + onlySecond;
  if (discordant === 0) return 1;
  const fewer = Math.min(onlyFirst, onlySecond);
  let tail = 0;
  for (let k = 0; k <= fewer; k++) {
    const logChoose = logGamma(discordant + 1) - logGamma(k + 1) - logGamma(discordant - k + 1);
    tail += Math.exp(logChoose - discordant * Math.LN2);
  }
  return Math.min(1, 2 * tail);
}
