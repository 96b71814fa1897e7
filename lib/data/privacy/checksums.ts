/* Check digits of numbers that name a person or an account. Each takes the number without blanks and hyphens. */

const digitsOf = (text: string) => [...text].map(Number);

const weighted = (digits: readonly number[], weights: readonly number[]) =>
  weights.reduce((sum, weight, place) => sum + weight * (digits[place] ?? 0), 0);

/** Luhn's check (ISO/IEC 7812-1), of card numbers and Swedish personal numbers. */
export function keepsLuhn(digits: string): boolean {
  const sum = digitsOf(digits)
    .reverse()
    .reduce((total, digit, place) => {
      const doubled = place % 2 === 1 ? 2 * digit : digit;
      return total + (doubled > 9 ? doubled - 9 : doubled);
    }, 0);
  return sum % 10 === 0;
}

/** The remainder by 97 of a number of any length; letters count from 10 (ISO 7064). */
function remainderBy97(text: string): number {
  let remainder = 0;
  for (const character of text) {
    const value = Number.parseInt(character, 36);
    remainder = (remainder * (value > 9 ? 100 : 10) + value) % 97;
  }
  return remainder;
}

/** Lengths of accounts by country, from the registry of ISO 13616. */
export const accountLengths: Readonly<Record<string, number>> = {
  AD: 24,
  AE: 23,
  AT: 20,
  BE: 16,
  BG: 22,
  BR: 29,
  CH: 21,
  CY: 28,
  CZ: 24,
  DE: 22,
  DK: 18,
  EE: 20,
  ES: 24,
  FI: 18,
  FR: 27,
  GB: 22,
  GR: 27,
  HR: 21,
  HU: 28,
  IE: 22,
  IL: 23,
  IS: 26,
  IT: 27,
  LI: 21,
  LT: 20,
  LU: 20,
  LV: 21,
  MC: 27,
  MT: 31,
  NL: 18,
  NO: 15,
  PL: 28,
  PT: 25,
  RO: 24,
  SA: 24,
  SE: 24,
  SI: 19,
  SK: 24,
  TR: 26,
};

export function isAccount(text: string): boolean {
  return (
    accountLengths[text.slice(0, 2)] === text.length && remainderBy97(text.slice(4) + text.slice(0, 4)) === 1
  );
}

/** Whether a year, month and day of a number can be one; the century is not told. */
function isDay(month: number, day: number): boolean {
  return month >= 1 && month <= 12 && day >= 1 && day <= 31;
}

function isGermanTaxNumber(text: string): boolean {
  const digits = digitsOf(text);
  // One digit comes twice or three times among the first ten, at least one not at all.
  const different = new Set(digits.slice(0, 10)).size;
  if (digits[0] === 0 || different < 8 || different > 9) return false;
  let product = 10;
  for (const digit of digits.slice(0, 10)) product = (2 * ((digit + product) % 10 || 10)) % 11;
  return (11 - product) % 10 === digits[10];
}

function isPolishNumber(text: string): boolean {
  const digits = digitsOf(text);
  const month = Number(text.slice(2, 4)) % 20;
  return (
    isDay(month, Number(text.slice(4, 6))) &&
    (10 - (weighted(digits, [1, 3, 7, 9, 1, 3, 7, 9, 1, 3]) % 10)) % 10 === digits[10]
  );
}

function isDutchNumber(text: string): boolean {
  return weighted(digitsOf(text), [9, 8, 7, 6, 5, 4, 3, 2, -1]) % 11 === 0 && Number(text) > 0;
}

function isBrazilianNumber(text: string): boolean {
  const digits = digitsOf(text);
  if (new Set(digits).size === 1) return false;
  const check = (length: number) => {
    const weights = Array.from({ length }, (_, place) => length + 1 - place);
    const rest = (10 * weighted(digits, weights)) % 11;
    return (rest === 10 ? 0 : rest) === digits[length];
  };
  return check(9) && check(10);
}

function isFrenchNumber(text: string): boolean {
  const month = Number(text.slice(3, 5));
  const first = BigInt(text.slice(0, 13));
  return month >= 1 && month <= 12 && 97n - (first % 97n) === BigInt(text.slice(13));
}

function isSwedishNumber(text: string): boolean {
  const bare = text.slice(-10);
  return isDay(Number(bare.slice(2, 4)), Number(bare.slice(4, 6))) && keepsLuhn(bare);
}

function isSpanishNumber(text: string): boolean {
  const number = text.slice(0, -1).replace(/^[XYZ]/, (letter) => String('XYZ'.indexOf(letter)));
  return 'TRWAGMYFPDXBNJZSQVHLCKE'[Number(number) % 23] === text.at(-1);
}

function isFinnishNumber(text: string): boolean {
  const number = Number(text.slice(0, 6) + text.slice(7, 10));
  return (
    isDay(Number(text.slice(2, 4)), Number(text.slice(0, 2))) &&
    '0123456789ABCDEFHJKLMNPRSTUVWXY'[number % 31] === text.at(-1)
  );
}

/** Values of characters in odd places of the Italian code, from the decree of 23 December 1976. */
export const oddValues = [
  1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23,
];

function isItalianCode(text: string): boolean {
  const sum = [...text.slice(0, 15)].reduce((total, character, index) => {
    const value = /\d/.test(character) ? Number(character) : character.charCodeAt(0) - 65;
    return total + (index % 2 === 0 ? (oddValues[value] ?? 0) : value);
  }, 0);
  return String.fromCharCode(65 + (sum % 26)) === text.at(-1);
}

/** American numbers have no check digit; some are never given out. */
function isAmericanNumber(text: string): boolean {
  return !/^(000|666|9..)|^...00|0000$/.test(text);
}

/** National numbers: how they are written, and whether one holds. The first pattern that fits decides. */
export const nationalNumbers: readonly {
  country: string;
  pattern: RegExp;
  holds: (text: string) => boolean;
}[] = [
  { country: 'US', pattern: /^\d{3}-\d{2}-\d{4}$/, holds: isAmericanNumber },
  { country: 'FI', pattern: /^\d{6}[-+A]\d{3}[0-9A-Y]$/, holds: isFinnishNumber },
  { country: 'SE', pattern: /^(\d{2})?\d{6}[-+]\d{4}$/, holds: isSwedishNumber },
  { country: 'BR', pattern: /^\d{3}\.\d{3}\.\d{3}-\d{2}$/, holds: isBrazilianNumber },
  { country: 'IT', pattern: /^[A-Z]{6}\d{2}[A-EHLMPR-T]\d{2}[A-Z]\d{3}[A-Z]$/, holds: isItalianCode },
  { country: 'ES', pattern: /^(\d{8}|[XYZ]\d{7})-?[A-Z]$/, holds: isSpanishNumber },
  { country: 'FR', pattern: /^[12] ?\d{2} ?\d{2} ?\d{2} ?\d{3} ?\d{3} ?\d{2}$/, holds: isFrenchNumber },
  { country: 'PL', pattern: /^\d{11}$/, holds: (text) => isPolishNumber(text) || isGermanTaxNumber(text) },
  { country: 'DE', pattern: /^\d{2} \d{3} \d{3} \d{3}$/, holds: isGermanTaxNumber },
  { country: 'NL', pattern: /^\d{9}$/, holds: isDutchNumber },
];
