import type { Letters } from './letters.ts';
import { NotRead, PatternReader } from './pattern-reader.ts';

/** A regular expression, read. */
export type Pattern =
  | { kind: 'letter'; letters: Letters }
  | { kind: 'place'; at: 'start' | 'end' | 'boundary' | 'no boundary' }
  | { kind: 'sequence'; parts: readonly Pattern[] }
  | { kind: 'either'; options: readonly Pattern[] }
  | { kind: 'repeat'; part: Pattern; least: number; most: number | null };

/** RE2's, of which nested ones are multiplied. */
const mostTimes = 1000;
/** Each letter that can be met is a step of a program; one of a category is many. */
const mostSteps = 10_000;
const stepsOfCategory = 500;

/**
 * Reads a regular expression: the part of RE2 that means one thing to all that read it. Texts are held against it as a
 * whole, in time that grows with their length alone.
 *
 * @returns Why it is not read, where it is not.
 */
export function readPattern(text: string): Pattern | string {
  try {
    const pattern = new PatternReader(text).read();
    if (!isRepeatable(pattern, mostTimes)) {
      return `${text} repeats something more than ${mostTimes} times, what is repeated inside of it counted; repeat fewer times`;
    }
    if (stepsOf(pattern) <= mostSteps) return pattern;
    return `${text} asks for more than ${mostSteps} letters in a row, one of \\p{…} counting as ${stepsOfCategory}; repeat fewer times`;
  } catch (thrown) {
    if (thrown instanceof NotRead) return thrown.message;
    throw thrown;
  }
}

/** Whether nothing comes more often than so many times, as RE2 counts it. */
function isRepeatable(pattern: Pattern, times: number): boolean {
  if (pattern.kind === 'letter' || pattern.kind === 'place') return true;
  if (pattern.kind !== 'repeat') {
    return (pattern.kind === 'either' ? pattern.options : pattern.parts).every((part) =>
      isRepeatable(part, times),
    );
  }
  const left = Math.floor(times / Math.max(1, pattern.most ?? pattern.least));
  return left > 0 && isRepeatable(pattern.part, left);
}

/** Steps of the program that a pattern becomes. */
function stepsOf(pattern: Pattern): number {
  if (pattern.kind === 'letter') return pattern.letters.categories.length > 0 ? stepsOfCategory : 1;
  if (pattern.kind === 'place') return 1;
  if (pattern.kind === 'repeat')
    return Math.max(1, pattern.most ?? pattern.least + 1) * stepsOf(pattern.part);
  return (pattern.kind === 'either' ? pattern.options : pattern.parts).reduce(
    (sum, part) => sum + stepsOf(part),
    1,
  );
}
