import * as z from 'zod';

/** How a category's spelling is made one before it is looked at. */
export const normaliseText = z.strictObject({
  /** Blanks of any kind around it are taken away. */
  trim: z.boolean().default(true),
  /** Unicode NFC: an accent is part of its letter. */
  unicode: z.boolean().default(true),
  case: z.enum(['keep', 'lower']).default('keep'),
});
export type NormaliseText = z.infer<typeof normaliseText>;

/** Units a number may be written with, as `180 cm`, and what it is multiplied by; a bare number is taken as it is. */
export const units = z
  .record(
    z
      .string()
      .regex(
        /^[^\s\d'"\\.,;+-][^\s'"\\,;]{0,15}$/u,
        'use 1 to 16 characters without blanks, quotes and commas',
      ),
    z.number().positive(),
  )
  .refine((all) => Object.keys(all).length > 0, 'name at least one unit');

/** Everything that JavaScript's trim takes away. */
export const blanks = [
  ...[0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x20, 0xa0, 0x1680, 0x2028, 0x2029, 0x202f, 0x205f, 0x3000, 0xfeff],
  ...Array.from({ length: 11 }, (_, offset) => 0x2000 + offset),
]
  .map((code) => String.fromCodePoint(code))
  .join('');

/**
 * Capitals that are left as they are: the one that would become two letters, and those that Unicode got so late that not
 * every runtime knows their small form. First and last of each run.
 */
const leftAlone: [first: number, last: number][] = [
  [0x130, 0x130],
  [0x1c89, 0x1c89],
  [0xa7cb, 0xa7cc],
  [0xa7ce, 0xa7ce],
  [0xa7d2, 0xa7d2],
  [0xa7d4, 0xa7d4],
  [0xa7da, 0xa7da],
  [0xa7dc, 0xa7dc],
  [0x10d50, 0x10d65],
  [0x16ea0, 0x16eb8],
];

/** The capitals that keep their case, as a class of a regular expression's. */
export const uncasedLetters = leftAlone
  .map((run) => [...new Set(run)].map((code) => String.fromCodePoint(code)).join('-'))
  .join('');
const isUncased = new RegExp(`[${uncasedLetters}]`, 'u');

const lowerLetter = (letter: string) => (isUncased.test(letter) ? letter : letter.toLowerCase());

/** The small form of each letter that has one, for who lowers letters elsewhere: not every language knows the same ones. */
export function smallLetters(): Record<string, string> {
  const found: Record<string, string> = {};
  for (let code = 0; code <= 0x10ffff; code++) {
    const letter = String.fromCodePoint(code);
    const small = lowerLetter(letter);
    if (small !== letter) found[letter] = small;
  }
  return found;
}

/** The spelling that a text is taken for; lib/data/cleaning/normalise-sql.ts says the same in SQL. */
export function normaliseSpelling(text: string, { trim, unicode, case: wanted }: NormaliseText): string {
  const trimmed = trim ? text.trim() : text;
  // Letter by letter, so that no letter's neighbours matter: a Greek sigma ends no word.
  const cased = wanted === 'keep' ? trimmed : [...trimmed].map(lowerLetter).join('');
  return unicode ? cased.normalize('NFC') : cased;
}
