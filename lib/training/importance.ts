import { seededRandom } from '../shared/random.ts';
import { growTree, type Leaf } from './regression-tree.ts';

/** One trial: where each hyperparameter lies, and what came of it. */
export interface Observation {
  /** One number for each parameter: in [0, 1] for a range, the position for a choice. */
  position: number[];
  objective: number;
}

/** A range from 0 to 1, or the number of choices. */
export type Dimension = 'range' | number;

const trees = 64;
/** Fewer say more about the forest than about the parameters. */
export const leastTrials = 6;

/** Ends of a dimension's cells, in the coordinates of positions: choices are cells of width 1. */
const widthOf = (dimension: Dimension) => (dimension === 'range' ? 1 : dimension);

/**
 * The choices of a dimension put in the order of their mean objective: a cut of that order is then the best of all
 * divisions into two. Source: Breiman et al., "Classification and Regression Trees", 1984, theorem 4.5.
 */
function orderChoices(observations: Observation[], place: number, choices: number): number[] {
  const sums = Array.from({ length: choices }, () => ({ sum: 0, count: 0 }));
  for (const { position, objective } of observations) {
    const cell = sums[position[place] ?? 0];
    if (!cell) continue;
    cell.sum += objective;
    cell.count += 1;
  }
  const means = sums.map(({ sum, count }) => (count === 0 ? Number.NEGATIVE_INFINITY : sum / count));
  const order = means.map((_, index) => index).sort((a, b) => (means[a] ?? 0) - (means[b] ?? 0));
  const rank = new Array<number>(choices);
  for (const [place, choice] of order.entries()) rank[choice] = place;
  return rank;
}

/** Share of a tree's variance over the whole space that each dimension explains alone. */
function sharesOf(leaves: Leaf[], dimensions: readonly Dimension[]): number[] | undefined {
  const widths = dimensions.map(widthOf);
  const extents = leaves.map(({ low, high }) =>
    widths.map((width, place) => ((high[place] ?? 0) - (low[place] ?? 0)) / width),
  );
  const volumes = extents.map((extent) => extent.reduce((product, each) => product * each, 1));
  const mean = leaves.reduce((sum, { value }, index) => sum + value * (volumes[index] ?? 0), 0);
  const variance = leaves.reduce(
    (sum, { value }, index) => sum + (value - mean) ** 2 * (volumes[index] ?? 0),
    0,
  );
  if (variance <= 0) return undefined;
  return dimensions.map((_, place) => {
    const width = widths[place] ?? 1;
    const cuts = [...new Set(leaves.flatMap(({ low, high }) => [low[place] ?? 0, high[place] ?? 0]))].sort(
      (a, b) => a - b,
    );
    let explained = 0;
    for (let cell = 0; cell + 1 < cuts.length; cell++) {
      const middle = ((cuts[cell] ?? 0) + (cuts[cell + 1] ?? 0)) / 2;
      const marginal = leaves.reduce((sum, { low, high, value }, index) => {
        const covers = (low[place] ?? 0) <= middle && middle < (high[place] ?? 0);
        return covers ? sum + (value * (volumes[index] ?? 0)) / (extents[index]?.[place] ?? 1) : sum;
      }, 0);
      explained += (((cuts[cell + 1] ?? 0) - (cuts[cell] ?? 0)) / width) * (marginal - mean) ** 2;
    }
    return explained / variance;
  });
}

/**
 * How much of the objective's variance over the whole search space each parameter explains by itself: functional
 * analysis of variance on a random forest that was fitted to the trials. What is missing to 1 is explained by
 * parameters together.
 *
 * Source: Hutter, Hoos, Leyton-Brown, "An Efficient Approach for Assessing Hyperparameter Importance", ICML 2014.
 *
 * @returns One share for each dimension; undefined when there are fewer than six trials, or all came out alike.
 */
export function importanceOf(
  observations: Observation[],
  dimensions: readonly Dimension[],
  seed: number,
): number[] | undefined {
  if (observations.length < leastTrials) return undefined;
  const ranks = dimensions.map((dimension, place) =>
    dimension === 'range' ? undefined : orderChoices(observations, place, dimension),
  );
  const points = observations.map(({ position, objective }) => ({
    // A choice stands in the middle of its cell.
    at: position.map((each, place) => {
      const rank = ranks[place];
      return rank ? (rank[each] ?? 0) + 0.5 : each;
    }),
    value: objective,
  }));
  const random = seededRandom(seed);
  const high = dimensions.map(widthOf);
  const isChoice = dimensions.map((dimension) => dimension !== 'range');
  const sums = dimensions.map(() => 0);
  let counted = 0;
  for (let tree = 0; tree < trees; tree++) {
    const drawn = points.map(() => points[Math.floor(random() * points.length)] ?? { at: [], value: 0 });
    const shares = sharesOf(growTree(drawn, high, isChoice), dimensions);
    if (!shares) continue;
    counted += 1;
    for (const [place, share] of shares.entries()) sums[place] = (sums[place] ?? 0) + share;
  }
  return counted === 0 ? undefined : sums.map((sum) => sum / counted);
}
