import { type LetterRange, type Letters, othersThan } from '../../model/letters.ts';
import type { Pattern } from '../../model/pattern.ts';

/** Letters of a general category, by its name. */
export type Categories = ReadonlyMap<string, readonly LetterRange[]>;

type Step =
  | { letters: number; next: number }
  | { place: string; next: number }
  | { either: number[] }
  | { ends: true };

/** A pattern as steps from one to the next: what spark/evergreen_spark/pattern.py goes through letter by letter. */
export interface PatternProgram {
  /** Sets of letters, each its ranges end to end. */
  letters: number[][];
  steps: Step[];
  first: number;
}

/** Names of the categories that a pattern names. */
export function categoriesIn(pattern: Pattern): string[] {
  if (pattern.kind === 'letter') return pattern.letters.categories.map(({ name }) => name);
  if (pattern.kind === 'place') return [];
  if (pattern.kind === 'repeat') return categoriesIn(pattern.part);
  return (pattern.kind === 'either' ? pattern.options : pattern.parts).flatMap(categoriesIn);
}

/** The program of a pattern, by Thompson's construction (Programming Techniques: Regular expression search algorithm, 1968). */
export function compilePattern(pattern: Pattern, categories: Categories): PatternProgram {
  const steps: Step[] = [];
  const sets = new Map<string, number>();
  const add = (step: Step) => steps.push(step) - 1;
  const setOf = (letters: Letters) => {
    const key = rangesOf(letters, categories).flat().join();
    const place = sets.get(key) ?? sets.size;
    sets.set(key, place);
    return place;
  };
  /** The first step of a part that goes on with `then`. */
  const compile = (part: Pattern, next: number): number => {
    if (part.kind === 'letter') return add({ letters: setOf(part.letters), next });
    if (part.kind === 'place') return add({ place: part.at, next });
    if (part.kind === 'either') return add({ either: part.options.map((option) => compile(option, next)) });
    if (part.kind === 'sequence') return part.parts.reduceRight((after, each) => compile(each, after), next);
    let first = next;
    if (part.most === null) {
      const again = { either: [next] };
      first = add(again);
      again.either.push(compile(part.part, first));
    } else {
      for (let left = part.most - part.least; left > 0; left--) {
        first = add({ either: [next, compile(part.part, first)] });
      }
    }
    for (let left = part.least; left > 0; left--) first = compile(part.part, first);
    return first;
  };
  const first = compile(pattern, add({ ends: true }));
  return {
    letters: [...sets.keys()].map((key) => (key === '' ? [] : key.split(',').map(Number))),
    steps,
    first,
  };
}

/** The letters of a set, in ranges from the lowest. */
function rangesOf({ ranges, categories, isNegated }: Letters, known: Categories): LetterRange[] {
  const all = [...ranges];
  for (const { name, isNegated: isOther } of categories) {
    const found = known.get(name);
    if (!found) throw new RangeError(`nobody asked which letters are of the category ${name}`);
    all.push(...(isOther ? othersThan(found) : found));
  }
  const others = othersThan(all);
  return isNegated ? others : othersThan(others);
}
