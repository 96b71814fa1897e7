/** Code points, both ends with them. */
export type LetterRange = readonly [number, number];

/** Some letters, or all others: ranges, and general categories of Unicode by their names. */
export interface Letters {
  ranges: readonly LetterRange[];
  categories: readonly { name: string; isNegated: boolean }[];
  isNegated: boolean;
}

export const greatestLetter = 0x10ffff;

const digit: LetterRange[] = [[48, 57]];
const word: LetterRange[] = [...digit, [65, 90], [95, 95], [97, 122]];
const blank: LetterRange[] = [
  [9, 10],
  [12, 13],
  [32, 32],
];
/** Of ASCII, by the small letter behind the backslash. */
export const shorthands: Readonly<Record<string, readonly LetterRange[]>> = { d: digit, w: word, s: blank };

export const controls: Readonly<Record<string, number>> = { t: 9, n: 10, v: 11, f: 12, r: 13 };
export const codeOf = (letter: string) => letter.codePointAt(0) ?? 0;
export const lettersOf = (ranges: readonly LetterRange[]): Letters => ({
  ranges,
  categories: [],
  isNegated: false,
});
export const oneLetter = (code: number) => lettersOf([[code, code]]);

/** The letter of a set that holds no other. */
export function singleOf({ ranges, categories, isNegated }: Letters): number | undefined {
  const [range] = ranges;
  const isOne =
    !isNegated && categories.length === 0 && ranges.length === 1 && range && range[0] === range[1];
  return isOne ? range[0] : undefined;
}

/** All letters that are in none of some ranges. */
export function othersThan(ranges: readonly LetterRange[]): LetterRange[] {
  const others: LetterRange[] = [];
  let next = 0;
  for (const [from, to] of ranges.toSorted((a, b) => a[0] - b[0])) {
    if (from > next) others.push([next, from - 1]);
    next = Math.max(next, to + 1);
  }
  return next <= greatestLetter ? [...others, [next, greatestLetter]] : others;
}
