export interface Homogeneity {
  statistic: number;
  degreesOfFreedom: number;
  pValue: number;
  /** Cramér's V, 0 to 1: how much the two differ, whatever the size of the samples. */
  effect: number;
}

/** Below this many expected counts the distribution of the statistic is not the one that is taken (Cochran 1954). */
const leastExpected = 5;

/**
 * Chi-square test of whether two samples of categories have one distribution. Categories with fewer than five expected
 * counts in the smaller sample are taken together.
 *
 * Source: Pearson (1900); Cramér (1946), "Mathematical Methods of Statistics", for the effect.
 */
export function chiSquareHomogeneity(first: readonly number[], second: readonly number[]): Homogeneity {
  const n = sum(first);
  const m = sum(second);
  const none = { statistic: 0, degreesOfFreedom: 0, pValue: 1, effect: 0 };
  if (n === 0 || m === 0) return none;
  const smaller = Math.min(n, m) / (n + m);
  const cells: [number, number][] = [];
  const rare: [number, number] = [0, 0];
  for (const [place, count] of first.entries()) {
    const other = second[place] ?? 0;
    if ((count + other) * smaller >= leastExpected) cells.push([count, other]);
    else {
      rare[0] += count;
      rare[1] += other;
    }
  }
  if (rare[0] + rare[1] > 0) cells.push(rare);
  if (cells.length < 2) return none;
  const statistic = cells.reduce((total, [count, other]) => {
    const both = count + other;
    const [expected, expectedToo] = [(both * n) / (n + m), (both * m) / (n + m)];
    return total + (count - expected) ** 2 / expected + (other - expectedToo) ** 2 / expectedToo;
  }, 0);
  const degreesOfFreedom = cells.length - 1;
  return {
    statistic,
    degreesOfFreedom,
    pValue: chiSquareTail(statistic, degreesOfFreedom),
    effect: Math.sqrt(statistic / (n + m)),
  };
}

/** The chance that a chi-square variable is greater than `value`. */
export function chiSquareTail(value: number, degreesOfFreedom: number): number {
  return upperGamma(degreesOfFreedom / 2, value / 2);
}

/**
 * Regularised upper incomplete gamma function.
 *
 * Source: Press et al., "Numerical Recipes", 6.2: a series below a + 1, a continued fraction above.
 */
function upperGamma(a: number, x: number): number {
  if (x <= 0) return 1;
  const front = Math.exp(a * Math.log(x) - x - logGamma(a));
  if (x < a + 1) {
    let term = 1 / a;
    let series = term;
    for (let n = 1; n < 10_000 && term > series * Number.EPSILON; n++) {
      term *= x / (a + n);
      series += term;
    }
    return Math.max(0, 1 - series * front);
  }
  const tiny = 1e-300;
  let b = x + 1 - a;
  let c = 1 / tiny;
  let d = 1 / b;
  let fraction = d;
  for (let n = 1; n < 10_000; n++) {
    const numerator = -n * (n - a);
    b += 2;
    d = numerator * d + b;
    if (Math.abs(d) < tiny) d = tiny;
    c = b + numerator / c;
    if (Math.abs(c) < tiny) c = tiny;
    d = 1 / d;
    fraction *= d * c;
    if (Math.abs(d * c - 1) < Number.EPSILON) break;
  }
  return front * fraction;
}

const lanczos = [
  676.5203681218851, -1259.1392167224028, 771.3234287776531, -176.6150291621406, 12.507343278686905,
  -0.13857109526572012, 9.984369578019572e-6, 1.5056327351493116e-7,
];

/** Source: Lanczos (1964), "A precision approximation of the gamma function", with g = 7. */
export function logGamma(z: number): number {
  if (z < 0.5) return Math.log(Math.PI / Math.sin(Math.PI * z)) - logGamma(1 - z);
  const shifted = z - 1;
  const series = lanczos.reduce(
    (total, factor, place) => total + factor / (shifted + place + 1),
    0.9999999999998099,
  );
  const t = shifted + 7.5;
  return 0.5 * Math.log(2 * Math.PI) + (shifted + 0.5) * Math.log(t) - t + Math.log(series);
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0);
}
