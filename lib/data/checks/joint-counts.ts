/** Counts of one column's values in a part of the rows: rows of one class, on one side, in one half. */
export interface JointCell {
  /** The class, or the tenth of a numeric target. */
  group: string;
  isTrain: boolean;
  half: boolean;
  /** By bin or category; the last counts missing values. */
  counts: number[];
}

/** A column's values against the target. */
export interface JointCounts {
  column: string;
  cells: JointCell[];
}

const steps = 10;

/**
 * Edges that part the rows finer than the deciles do: each tenth of the rows is cut into ten of equal width. The deciles
 * are among them.
 *
 * @param edges Of a profile, ascending.
 */
export function fineEdges(edges: readonly number[], min: number, max: number): number[] {
  const knots = [min, ...edges.filter((edge) => edge > min && edge < max), max];
  const fine = new Set(edges);
  for (const [place, from] of knots.entries()) {
    const to = knots[place + 1];
    if (to === undefined) break;
    for (let step = 1; step < steps; step++) fine.add(from + ((to - from) * step) / steps);
    if (to < max) fine.add(to);
  }
  return [...fine].sort((a, b) => a - b);
}

/** Counts over some of the edges, out of counts over all of them. */
export function coarsen(
  counts: readonly number[],
  fine: readonly number[],
  edges: readonly number[],
): number[] {
  const coarse = new Array<number>(edges.length + 1).fill(0);
  let bin = 0;
  for (const [place, count] of counts.entries()) {
    const upper = fine[place] ?? Number.POSITIVE_INFINITY;
    while (bin < edges.length && upper > (edges[bin] ?? Number.POSITIVE_INFINITY)) bin++;
    coarse[bin] = (coarse[bin] ?? 0) + count;
  }
  return coarse;
}

/** The sum of counts, bin by bin. */
export function addCounts(all: readonly (readonly number[])[], bins: number): number[] {
  const total = new Array<number>(bins).fill(0);
  for (const counts of all) for (let i = 0; i < bins; i++) total[i] = (total[i] ?? 0) + (counts[i] ?? 0);
  return total;
}
