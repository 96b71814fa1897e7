/* What bare SQL knows of the columns that make-file.ts writes, every cell read as a text. */

const named = (letter: string, count: number) => Array.from({ length: count }, (_, i) => `${letter}${i}`);
export const numbers = named('n', 12);
export const integers = named('i', 4);
export const categories = named('c', 3);
export const target = 'y';
export const all = [...numbers, ...integers, ...categories, target];

const count = (condition: string) => `count(*) FILTER (${condition})`;
const isNotType = (name: string, type: string) =>
  `${name} IS NOT NULL AND TRY_CAST(${name} AS ${type}) IS NULL`;
const isOutside = (name: string, type: string, from: number, to: number) =>
  `TRY_CAST(${name} AS ${type}) NOT BETWEEN ${from} AND ${to}`;

/** For each class of defects a sum of counts. */
export const rules: Record<string, string[]> = {
  missing: all.map((name) => `${name} IS NULL`),
  type: [
    ...numbers.map((name) => isNotType(name, 'DOUBLE')),
    ...integers.map((name) => isNotType(name, 'BIGINT')),
  ],
  range: [
    ...numbers.map((name) => isOutside(name, 'DOUBLE', -10, 10)),
    ...integers.map((name) => isOutside(name, 'BIGINT', 0, 1000)),
  ],
  category: [
    ...categories.map((name) => `${name} NOT IN ('red', 'green', 'blue')`),
    `${target} NOT IN ('yes', 'no')`,
  ],
};
export const sums = Object.entries(rules)
  .map(([rule, conditions]) => `${conditions.map(count).join(' + ')} AS ${rule}`)
  .join(', ');

/** The rows of a file; those of another number of cells stand in `reject_errors`. */
export function rowsOf(file: string): string {
  const types = all.map((name) => `'${name}': 'VARCHAR'`).join(', ');
  return `read_csv('${file}', auto_detect = false, header = true, columns = {${types}}, delim = ',', quote = '"', escape = '"', nullstr = '', store_rejects = true)`;
}

export const rejected = 'SELECT count(DISTINCT line) AS shape FROM reject_errors';

/** Prints the one row of each answer as counts by class. */
export function tellCounts(...answers: Record<string, unknown>[]): void {
  const counts = answers.flatMap((answer) =>
    Object.entries(answer).map(([rule, many]) => [rule, Number(many)]),
  );
  process.stdout.write(`${JSON.stringify({ counts: Object.fromEntries(counts) })}\n`);
}
