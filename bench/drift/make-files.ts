import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';

/* Reference and current of the suite: 12 numbers, 4 whole numbers, 4 categories, six of which differ. */

export const columns = {
  numbers: Array.from({ length: 12 }, (_, i) => `n${i}`),
  integers: Array.from({ length: 4 }, (_, i) => `i${i}`),
  categories: Array.from({ length: 4 }, (_, i) => `c${i}`),
};

export const categoryNames = ['red', 'green', 'blue', 'grey', 'pink'];

/** How the current file differs: each in one column, in a way of its own. */
export const planted: Record<string, string> = {
  n0: 'mean + 0.5 sd',
  n1: 'spread × 1.5',
  i0: 'mean of whole numbers + 0.5 sd',
  n2: 'missing 2 % to 7 %',
  c0: 'share 30 % to 40 %',
  c1: 'missing 0 % to 5 %',
};

const normal = 'sqrt(-2 * ln(1 - random())) * cos(2 * pi() * random())';
const shares = [0.3, 0.25, 0.2, 0.15, 0.1];
const shifted = [0.4, 0.15, 0.2, 0.15, 0.1];

const category = (of: readonly number[]) => {
  let sum = 0;
  const whens = of.slice(0, -1).map((share, place) => {
    sum += share;
    return `WHEN u < ${sum.toFixed(2)} THEN '${categoryNames[place]}'`;
  });
  return `(SELECT CASE ${whens.join(' ')} ELSE '${categoryNames.at(-1)}' END FROM (SELECT random() AS u))`;
};
