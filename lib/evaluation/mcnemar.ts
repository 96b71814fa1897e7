import { binomialTail } from '../statistics/binomial-tail.ts';

/**
 * Two-sided p value of the exact McNemar test: whether two classifiers that saw the same rows err equally often.
 *
 * @param onlyFirst Rows that the first alone got right.
 * @param onlySecond Rows that the second alone got right.
 *
 * Source: McNemar, Psychometrika 12, 1947, in its exact form: a binomial test of the discordant rows at one half.
 */
export function mcnemarExact(onlyFirst: number, onlySecond: number): number {
  return Math.min(1, 2 * binomialTail(Math.min(onlyFirst, onlySecond), onlyFirst + onlySecond, 0.5));
}
