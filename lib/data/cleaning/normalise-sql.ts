import { blanks, type NormaliseText, uncasedLetters } from '../../model/normalise.ts';

/** SQL of the spelling that a text is taken for, as `normaliseSpelling` of lib/model makes it; empty is missing. */
export function normaliseSql(text: string, { trim, unicode, case: wanted }: NormaliseText): string {
  const trimmed = trim ? `trim(${text}, ${blanksSql})` : text;
  const cased = wanted === 'keep' ? trimmed : lowerSql(trimmed);
  const composed = unicode ? `nfc_normalize(${cased})` : cased;
  return `nullif(${composed}, '')`;
}

const blanksSql = [...blanks].map((blank) => `chr(${blank.codePointAt(0)})`).join(' || ');

/** Letters that keep their case are so rare that only texts which hold one are taken apart. */
function lowerSql(text: string): string {
  const letter = `CASE WHEN regexp_matches(letter, '[${uncasedLetters}]') THEN letter ELSE lower(letter) END`;
  return `CASE WHEN regexp_matches(${text}, '[${uncasedLetters}]')
    THEN array_to_string(list_transform(string_split(${text}, ''), lambda letter: ${letter}), '') ELSE lower(${text}) END`;
}
