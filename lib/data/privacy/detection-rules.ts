import { blanks } from '../../model/normalise.ts';
import { accountLengths, nationalNumbers, oddValues } from './checksums.ts';
import { patterns } from './detect-value.ts';
import { given, titles } from './person-names.ts';

/** The letters that a class of one letter takes, as ranges of a class in Python's expressions. */
function rangesOf(letters: RegExp): string {
  const escaped = (code: number) => `\\U${code.toString(16).padStart(8, '0')}`;
  const ranges: string[] = [];
  let first: number | undefined;
  for (let code = 0; code <= 0x110000; code++) {
    const isIn = code < 0x110000 && letters.test(String.fromCodePoint(code));
    if (isIn) first ??= code;
    else if (first !== undefined) {
      ranges.push(`${escaped(first)}-${escaped(code - 1)}`);
      first = undefined;
    }
  }
  return ranges.join('');
}

/** What tells personal data by its values, for spark/evergreen_spark/personal.py: the very patterns and lists. */
export function detectionRules(): object {
  return {
    blanks,
    patterns: Object.fromEntries(Object.entries(patterns).map(([name, { source }]) => [name, source])),
    accountLengths,
    oddValues,
    national: nationalNumbers.map(({ country, pattern }) => ({ country, pattern: pattern.source })),
    titles: titles.source,
    given: [...given],
    // As this version of Unicode knows them.
    capitals: rangesOf(/\p{Lu}/u),
    letters: rangesOf(/\p{L}/u),
  };
}
