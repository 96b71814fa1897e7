/** A whole number from 0 to below 2^32, drawn by a source that nobody can foresee. */
export type Draw = () => number;

const range = 2 ** 32;

/** True with a chance of exactly numerator / denominator, both whole and below 2^32. */
function bernoulli(draw: Draw, numerator: number, denominator: number): boolean {
  const limit = range - (range % denominator);
  for (;;) {
    const drawn = draw();
    if (drawn < limit) return drawn % denominator < numerator;
  }
}

/** True with a chance of exp(-numerator / denominator), for 0 <= numerator <= denominator. */
function bernoulliExp(draw: Draw, numerator: number, denominator: number): boolean {
  let k = 1;
  while (bernoulli(draw, numerator, denominator * k)) k += 1;
  return k % 2 === 1;
}

/**
 * Whole noise with the chance of n in proportion to exp(-|n| epsilon): added to a count that one row changes by at most
 * one, the sum is epsilon-differentially private. No fraction is ever drawn, so none can leak what was rounded.
 *
 * Source: Canonne, Kamath, Steinke (2020), "The discrete Gaussian for differential privacy", algorithm 2.
 *
 * @param thousandths Epsilon in thousandths, a whole number from 1 to 1,000,000.
 */
export function twoSidedGeometric(draw: Draw, thousandths: number): number {
  // exp(-n s / t) with s thousandths of epsilon and t = 1000.
  const [s, t] = [thousandths, 1000];
  for (;;) {
    const u = drawBelow(draw, t);
    if (!bernoulliExp(draw, u, t)) continue;
    let v = 0;
    while (bernoulliExp(draw, 1, 1)) v += 1;
    const size = Math.floor((u + t * v) / s);
    const isNegative = bernoulli(draw, 1, 2);
    if (isNegative && size === 0) continue;
    return isNegative ? -size : size;
  }
}

function drawBelow(draw: Draw, limit: number): number {
  const fair = range - (range % limit);
  for (;;) {
    const drawn = draw();
    if (drawn < fair) return drawn % limit;
  }
}
