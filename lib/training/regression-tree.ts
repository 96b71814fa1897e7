/** A box of the search space with the mean of what was observed in it. */
export interface Leaf {
  low: number[];
  high: number[];
  value: number;
}

export interface Point {
  at: number[];
  value: number;
}

interface Cut {
  place: number;
  at: number;
}

/** The cut that leaves the least squared error, or none when all values, or all places, are alike. */
function bestCut(points: Point[], isChoice: readonly boolean[]): Cut | undefined {
  let best: Cut | undefined;
  const total = points.reduce((sum, { value }) => sum + value, 0);
  const squares = points.reduce((sum, { value }) => sum + value * value, 0);
  let least = squares - (total * total) / points.length - 1e-12 * Math.max(1, squares);
  for (const [place, isOfChoices] of isChoice.entries()) {
    const sorted = points.toSorted((a, b) => (a.at[place] ?? 0) - (b.at[place] ?? 0));
    let left = 0;
    for (let index = 0; index + 1 < sorted.length; index++) {
      left += sorted[index]?.value ?? 0;
      const here = sorted[index]?.at[place] ?? 0;
      const next = sorted[index + 1]?.at[place] ?? 0;
      if (here === next) continue;
      const right = total - left;
      const error = squares - left ** 2 / (index + 1) - right ** 2 / (sorted.length - index - 1);
      if (error >= least) continue;
      least = error;
      // Cells of choices are never cut in two.
      best = { place, at: isOfChoices ? Math.floor(here) + 1 : (here + next) / 2 };
    }
  }
  return best;
}

/**
 * A regression tree grown until its leaves cannot be divided.
 *
 * @param high Upper end of each dimension; the lower one is 0.
 * @param isChoice Whether a dimension consists of cells of width 1.
 *
 * Source: Breiman et al., "Classification and Regression Trees", 1984, chapter 8 (least squares).
 */
export function growTree(points: Point[], high: readonly number[], isChoice: readonly boolean[]): Leaf[] {
  const leaves: Leaf[] = [];
  const grow = (within: Point[], low: number[], top: number[]): void => {
    const cut = bestCut(within, isChoice);
    if (!cut) {
      const value = within.reduce((sum, each) => sum + each.value, 0) / within.length;
      leaves.push({ low, high: top, value });
      return;
    }
    const { place, at } = cut;
    const below = within.filter((each) => (each.at[place] ?? 0) < at);
    const above = within.filter((each) => (each.at[place] ?? 0) >= at);
    grow(below, low, top.with(place, at));
    grow(above, low.with(place, at), top);
  };
  grow(
    points,
    high.map(() => 0),
    [...high],
  );
  return leaves;
}
