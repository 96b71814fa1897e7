import { wilsonBounds, z99 } from '../../statistics/wilson.ts';
import { addCounts, type JointCounts } from './joint-counts.ts';

/** How much a column alone tells of the target. */
export interface Telling {
  /** Share of the errors (or of the standard deviation) that is left without the column and gone with it; 0 to 1. */
  share: number;
  /** At least this much, at 99 %. */
  least: number;
  rows: number;
}

/**
 * What the most frequent class of each bin tells: learned on one half of the rows, held against the other, both ways.
 *
 * Measured against always naming the most frequent class: 0 when the column tells nothing, 1 when it tells all. This is
 * Goodman and Kruskal's lambda on rows that were not learned from, so many bins and few rows do not raise it.
 *
 * Source: Goodman & Kruskal (1954), "Measures of association for cross classifications".
 */
export function tellingOfClasses({ cells }: JointCounts): Telling {
  const bins = Math.max(0, ...cells.map(({ counts }) => counts.length));
  const groups = Map.groupBy(cells, ({ group }) => group);
  const halves = [true, false].map((half) =>
    [...groups.values()].map((some) =>
      addCounts(
        some.filter((cell) => cell.half === half).map(({ counts }) => counts),
        bins,
      ),
    ),
  );
  const [first = [], second = []] = halves;
  const totals = [...groups.values()].map((some) =>
    sum(
      addCounts(
        some.map(({ counts }) => counts),
        bins,
      ),
    ),
  );
  const rows = sum(totals);
  const without = rows === 0 ? 0 : Math.max(...totals) / rows;
  if (rows === 0 || without === 1) return { share: 0, least: 0, rows };
  const right = hits(first, second, bins) + hits(second, first, bins);
  const gone = (accuracy: number) => Math.max(0, 1 - (1 - accuracy) / (1 - without));
  return { share: gone(right / rows), least: gone(wilsonBounds(right, rows).least), rows };
}

/** Rows of `held` whose class is the most frequent one of their bin in `learned`; of an empty bin that of all. */
function hits(learned: readonly number[][], held: readonly number[][], bins: number): number {
  const common = greatest(learned.map(sum));
  let right = 0;
  for (let bin = 0; bin < bins; bin++) {
    const inBin = learned.map((counts) => counts[bin] ?? 0);
    const named = Math.max(...inBin) === 0 ? common : greatest(inBin);
    right += held[named]?.[bin] ?? 0;
  }
  return right;
}

/**
 * What a straight line through a number tells of a numeric target: the share of its standard deviation, by Fisher's z.
 * Of the variance much is told by honest columns already: of a price an area may well tell 99.9 %.
 */
export function tellingOfLine(correlation: number, rows: number): Telling {
  const size = Math.min(Math.abs(correlation), 1 - 1e-12);
  const bound = rows > 3 ? Math.tanh(Math.max(0, Math.atanh(size) - z99 / Math.sqrt(rows - 3))) : 0;
  const gone = (correlated: number) => 1 - Math.sqrt(1 - correlated ** 2);
  return { share: gone(size), least: gone(bound), rows };
}

function greatest(values: readonly number[]): number {
  return values.indexOf(Math.max(...values));
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
