/**
 * P values of several tests, made comparable with the level of the whole family: the chance that any test of the family
 * rejects wrongly is at most the level, whatever the tests have to do with each other.
 *
 * @returns In the order of `pValues`; each at least its own p value, at most 1.
 *
 * Source: Holm (1979), "A simple sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 6.
 */
export function holmAdjusted(pValues: readonly number[]): number[] {
  const order = pValues.map((_, place) => place).sort((a, b) => (pValues[a] ?? 1) - (pValues[b] ?? 1));
  const adjusted = new Array<number>(pValues.length).fill(1);
  let least = 0;
  for (const [rank, place] of order.entries()) {
    least = Math.max(least, Math.min(1, (pValues.length - rank) * (pValues[place] ?? 1)));
    adjusted[place] = least;
  }
  return adjusted;
}
