import { seededRandom } from '../shared/random.ts';

/** Two ends of an interval. */
export interface Interval {
  low: number;
  high: number;
}

const confidence = 0.95;
const mostDraws = 20_000_000;
const mostResamples = 1000;
const leastResamples = 200;

/** Linear interpolation between the neighbours, as NumPy's default. `sorted` is ascending and not empty. */
export function percentile(sorted: ArrayLike<number>, share: number): number {
  const place = share * (sorted.length - 1);
  const below = sorted[Math.floor(place)] ?? Number.NaN;
  const above = sorted[Math.ceil(place)] ?? Number.NaN;
  return below + (above - below) * (place - Math.floor(place));
}

const affordableResamples = (steps: number) =>
  Math.max(leastResamples, Math.min(mostResamples, Math.floor(mostDraws / steps)));

/**
 * 95 % intervals of figures of n rows: they are computed anew for n rows drawn with replacement, and the 2.5th and
 * 97.5th percentiles taken. The larger the sample, the fewer times it is drawn, at least 200.
 *
 * @param figuresOf Takes how often each row was drawn; figures that are not finite are left out.
 * @param stepsPerRow How much work a row is, such as the number of classes it is ranked for.
 *
 * Source: Efron, Tibshirani, "An Introduction to the Bootstrap", 1993, chapter 13 (percentile interval).
 */
export function bootstrapIntervals(
  rows: number,
  seed: number,
  figuresOf: (counts: Int32Array) => Readonly<Record<string, number>>,
  stepsPerRow = 1,
  resamples = affordableResamples(rows * stepsPerRow),
): Record<string, Interval> {
  if (rows === 0) return {};
  const random = seededRandom(seed);
  const counts = new Int32Array(rows);
  const drawn = new Map<string, number[]>();
  for (let resample = 0; resample < resamples; resample++) {
    counts.fill(0);
    for (let draw = 0; draw < rows; draw++) {
      const row = Math.floor(random() * rows);
      counts[row] = (counts[row] ?? 0) + 1;
    }
    for (const [name, figure] of Object.entries(figuresOf(counts))) {
      if (!Number.isFinite(figure)) continue;
      const values = drawn.get(name);
      if (values) values.push(figure);
      else drawn.set(name, [figure]);
    }
  }
  const tail = (1 - confidence) / 2;
  return Object.fromEntries(
    Array.from(drawn, ([name, values]) => {
      const sorted = Float64Array.from(values).sort();
      return [name, { low: percentile(sorted, tail), high: percentile(sorted, 1 - tail) }];
    }),
  );
}
