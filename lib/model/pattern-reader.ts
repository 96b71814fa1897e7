import {
  codeOf,
  controls,
  greatestLetter,
  type LetterRange,
  type Letters,
  lettersOf,
  oneLetter,
  othersThan,
  shorthands,
  singleOf,
} from './letters.ts';
import type { Pattern } from './pattern.ts';

const places = { '^': 'start', $: 'end' } as const;
const boundaries: Readonly<Record<string, 'boundary' | 'no boundary'>> = { b: 'boundary', B: 'no boundary' };
const category = /^(?:C[cfo]?|L[lmotu]?|M[cen]?|N[dlo]?|P[cdefios]?|S[ckmo]?|Z[lps]?)$/;
const repetition = /\{(\d{1,9})(,(\d{0,9}))?\}/y;
const letterByNumber = /x(?:([0-9A-Fa-f]{2})|\{([0-9A-Fa-f]{1,6})\})/y;
const letterCategory = /[pP](?:([A-Z])|\{(\^?)([A-Za-z]+)\})/y;

const mostDeep = 100;

/** Why a pattern is not read: what stands where, and what may be there. */
export class NotRead extends Error {}

/** Goes through a pattern once, and says at which character it cannot go on. */
export class PatternReader {
  readonly #text: string;
  #at = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
  }

  read(): Pattern {
    const pattern = this.#either();
    if (this.#at < this.#text.length) this.#refuse(')', 'closes nothing; write \\)');
    return pattern;
  }

  #refuse(what: string, remedy: string): never {
    throw new NotRead(
      `${this.#text} holds ${JSON.stringify(what)} at character ${this.#at + 1}, which ${remedy}`,
    );
  }

  /** The letter at hand; empty at the end. */
  #peek(): string {
    return String.fromCodePoint(...[this.#text.codePointAt(this.#at)].flatMap((code) => code ?? []));
  }

  #take(): string {
    const letter = this.#peek();
    this.#at += letter.length;
    return letter;
  }

  #match(expression: RegExp): RegExpExecArray | null {
    expression.lastIndex = this.#at;
    const found = expression.exec(this.#text);
    if (found) this.#at = expression.lastIndex;
    return found;
  }

  #either(): Pattern {
    const options = [this.#sequence()];
    while (this.#peek() === '|') {
      this.#at++;
      options.push(this.#sequence());
    }
    const [only] = options;
    return only && options.length === 1 ? only : { kind: 'either', options };
  }

  #sequence(): Pattern {
    const parts: Pattern[] = [];
    while (this.#at < this.#text.length && !'|)'.includes(this.#peek())) {
      const part = this.#part();
      const asked = this.#times();
      if (!asked) {
        parts.push(part);
        continue;
      }
      parts.push({ kind: 'repeat', part, ...asked });
    }
    const [only] = parts;
    return only && parts.length === 1 ? only : { kind: 'sequence', parts };
  }

  /** How often a part may come, where that is told. */
  #times(): { least: number; most: number | null } | undefined {
    const sign = this.#peek();
    let found: { least: number; most: number | null };
    if (sign === '{') {
      const [, least, range, most] =
        this.#match(repetition) ?? this.#refuse('{', 'is no {n}, {n,} or {n,m}; write \\{');
      found = {
        least: Number(least),
        most: range === undefined ? Number(least) : most ? Number(most) : null,
      };
      if (found.most !== null && found.most < found.least) {
        this.#refuse('}', 'ends a range whose first number is the greater one; turn them round');
      }
    } else if (sign !== '' && '*+?'.includes(sign)) {
      this.#at++;
      found = { least: sign === '+' ? 1 : 0, most: sign === '?' ? 1 : null };
    } else return undefined;
    // Fewest first: of a whole text it makes no difference.
    if (this.#peek() === '?') this.#at++;
    const next = this.#peek();
    if (next !== '' && '*+?{'.includes(next)) {
      this.#refuse(next, 'repeats what is repeated already; put (?: ) around that');
    }
    return found;
  }

  #part(): Pattern {
    const letter = this.#peek();
    if (letter === '(') return this.#group();
    if (letter === '[') return { kind: 'letter', letters: this.#class() };
    if (letter === '\\') return this.#escaped();
    if ('*+?{'.includes(letter)) this.#refuse(letter, `repeats nothing; write \\${letter}`);
    if (']}'.includes(letter)) this.#refuse(letter, `closes nothing; write \\${letter}`);
    this.#take();
    if (letter === '^' || letter === '$') return { kind: 'place', at: places[letter] };
    if (letter === '.') return { kind: 'letter', letters: { ...lettersOf([[10, 10]]), isNegated: true } };
    return { kind: 'letter', letters: oneLetter(codeOf(letter)) };
  }

  #group(): Pattern {
    const start = this.#at;
    this.#at++;
    if (this.#peek() === '?') {
      if (!this.#text.startsWith('?:', this.#at)) {
        this.#refuse('(?', 'looks around, names a group or sets an option; only (?: ) is read');
      }
      this.#at += 2;
    }
    this.#depth++;
    if (this.#depth > mostDeep) this.#refuse('(', `is the ${mostDeep + 1}st inside of others; use fewer`);
    const inside = this.#either();
    this.#depth--;
    if (this.#peek() === ')') {
      this.#at++;
      return inside;
    }
    this.#at = start;
    return this.#refuse('(', 'is never closed; write \\(');
  }

  #escaped(): Pattern {
    const next = this.#text[this.#at + 1] ?? '';
    const at = boundaries[next];
    if (at === undefined) return { kind: 'letter', letters: this.#escapedLetters() };
    this.#at += 2;
    return { kind: 'place', at };
  }

  /** What is behind a backslash, in a class or outside of one. */
  #escapedLetters(): Letters {
    const start = this.#at;
    this.#at++;
    const next = this.#peek();
    const code = controls[next] ?? (/^[!-/:-@[-`{-~ ]$/.test(next) ? codeOf(next) : undefined);
    const ranges = shorthands[next.toLowerCase()];
    if (code !== undefined || ranges) {
      this.#at++;
      if (code !== undefined) return oneLetter(code);
      return { ...lettersOf(ranges ?? []), isNegated: next !== next.toLowerCase() };
    }
    const byNumber = this.#match(letterByNumber);
    const number = byNumber ? Number.parseInt(byNumber[1] ?? byNumber[2] ?? '', 16) : 0;
    if (number > 0 && number <= greatestLetter && !(number >= 0xd800 && number < 0xe000))
      return oneLetter(number);
    const found = byNumber ? null : this.#match(letterCategory);
    const name = found?.[1] ?? found?.[3] ?? '';
    if (found && category.test(name)) {
      const isNegated = (found[0].startsWith('P') ? 1 : 0) !== (found[2] === '^' ? 1 : 0);
      return { ranges: [], categories: [{ name, isNegated }], isNegated: false };
    }
    const written = found?.[0] ?? byNumber?.[0] ?? next;
    this.#at = start;
    return this.#refuse(
      `\\${written}`,
      'is not read; \\d \\w \\s \\b \\t \\n \\xHH \\x{HHHH} \\p{L} (a general category) and \\ before a sign are',
    );
  }

  #class(): Letters {
    const start = this.#at;
    this.#at++;
    const isNegated = this.#peek() === '^';
    if (isNegated) this.#at++;
    const ranges: LetterRange[] = [];
    const categories: { name: string; isNegated: boolean }[] = [];
    while (this.#peek() !== ']') {
      if (this.#at >= this.#text.length) {
        this.#at = start;
        this.#refuse('[', 'is never closed; write \\[');
      }
      const first = this.#member();
      const from = singleOf(first);
      const isRange = this.#peek() === '-' && !']'.includes(this.#text[this.#at + 1] ?? ']');
      if (!isRange || from === undefined) {
        ranges.push(...(first.isNegated ? othersThan(first.ranges) : first.ranges));
        categories.push(...first.categories);
        continue;
      }
      this.#at++;
      const to = singleOf(this.#member());
      if (to === undefined || to < from) {
        this.#refuse('-', 'is in front of no later letter; write \\- for the sign itself');
      }
      ranges.push([from, to]);
    }
    if (ranges.length + categories.length === 0) this.#refuse(']', 'ends a class of nothing; write \\]');
    this.#at++;
    return { ranges, categories, isNegated };
  }

  #member(): Letters {
    if (this.#peek() === '\\') return this.#escapedLetters();
    if (/^\[[:.=]/.test(this.#text.slice(this.#at, this.#at + 2))) {
      this.#refuse(
        this.#text.slice(this.#at, this.#at + 2),
        'begins a named class; write \\d, \\w, a-z or \\p{L}',
      );
    }
    return oneLetter(codeOf(this.#take()));
  }
}
