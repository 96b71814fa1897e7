import type { ModelDefinition } from '../model/definition.ts';
import { type Feature, isNumeric } from '../model/features.ts';
import type { Columns } from './row-batch.ts';

/** Whether a number is what a feature may be. Missing is NaN. */
type NumberRule = (value: number) => boolean;

function numberRuleOf(feature: Feature): NumberRule {
  if (feature.type === 'boolean') return (value) => value === 0 || value === 1;
  if (feature.type !== 'number' && feature.type !== 'integer') return () => false;
  const { min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY } = feature;
  const isInteger = feature.type === 'integer';
  return (value) =>
    value >= min &&
    value <= max &&
    // Models take 32-bit numbers.
    Number.isFinite(Math.fround(value)) &&
    (!isInteger || Number.isSafeInteger(value));
}

/** Reads a matrix of numbers, row after row, of a model that takes nothing else; undefined as above. */
export type MatrixReader = (count: number, data: ArrayLike<unknown>) => Columns | undefined;

/** Reads `{"rows": [{...}]}` from bytes; undefined where the careful reader must look. */
export type QuickReader = (body: Uint8Array) => Columns | undefined;

const quote = 0x22;
const comma = 0x2c;
const minus = 0x2d;
const point = 0x2e;
const zero = 0x30;
const nine = 0x39;
const colon = 0x3a;
const openArray = 0x5b;
const backslash = 0x5c;
const closeArray = 0x5d;
const openObject = 0x7b;
const closeObject = 0x7d;

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Whole numbers of so many digits, and powers of ten up to this, are exact: so is their quotient, once rounded. */
const mostDigits = 15;
const powersOfTen = Float64Array.from({ length: 23 }, (_, exponent) => 10 ** exponent);

interface Column {
  /** `"name"` as it stands in a body. */
  key: Uint8Array;
  kind: 'number' | 'boolean' | 'category' | 'text';
  /** Among the numbers or the texts of a row. */
  place: number;
  mayBeMissing: boolean;
  isFitting: NumberRule;
  maxLength: number;
  categories: readonly { bytes: Uint8Array; text: string }[];
}

function columnOf(name: string, feature: Feature, place: number): Column {
  const isNumber = feature.type === 'number' || feature.type === 'integer';
  return {
    key: encoder.encode(JSON.stringify(name)),
    kind: isNumber ? 'number' : feature.type,
    place,
    mayBeMissing: feature.mayBeMissing,
    isFitting: numberRuleOf(feature),
    maxLength: feature.type === 'text' ? feature.maxLength : 0,
    categories:
      feature.type === 'category'
        ? feature.categories.map((text) => ({ bytes: encoder.encode(JSON.stringify(text)), text }))
        : [],
  };
}

/** More than that are found faster otherwise. */
const mostCategories = 32;

const isRead = ({ key, categories }: Column) =>
  !key.includes(backslash) &&
  categories.length <= mostCategories &&
  categories.every(({ text }) => text !== '');

/**
 * A function that reads a body of the friendly form straight into columns, in one pass over its bytes.
 *
 * It knows the most usual way to write rows and gives up on all else: on what is wrong, since the careful reader
 * (strict-json.ts, rows.ts) has the words for it, and on what is right but unusual, such as escapes. What it does read
 * is what the careful reader would read, to the last bit.
 */
export function compileQuickReader(definition: ModelDefinition, mostRows: number): QuickReader {
  let numbers = 0;
  let texts = 0;
  const columns = Object.entries(definition.features).map(([name, feature]) =>
    columnOf(name, feature, isNumeric(feature) ? numbers++ : texts++),
  );
  if (!columns.every(isRead)) return () => undefined;
  // In the order of the last row: callers keep to one.
  const order = columns.slice();
  const leastRowBytes =
    2 + columns.reduce((sum, each) => sum + (each.mayBeMissing ? 0 : each.key.length + 3), 0);

  return (body) => {
    const capacity = Math.min(mostRows, Math.floor(body.length / leastRowBytes) + 1);
    return new Reading(body, order, numbers, texts, capacity).read();
  };
}

/** A function that holds a matrix of numbers against a definition, in one pass. It gives up as the reader of bodies does. */
export function compileMatrixReader(definition: ModelDefinition): MatrixReader {
  const features = Object.values(definition.features);
  if (!features.every(isNumeric)) return () => undefined;
  const columns = features.map((feature) => ({
    isFitting: numberRuleOf(feature),
    mayBeMissing: feature.mayBeMissing,
  }));
  return (count, data) => {
    const numbers = new Float64Array(data.length);
    let place = 0;
    for (let row = 0; row < count; row++) {
      for (const { isFitting, mayBeMissing } of columns) {
        const given = data[place];
        const value = given === null ? Number.NaN : given;
        if (typeof value !== 'number') return undefined;
        if (!(Number.isNaN(value) ? mayBeMissing : isFitting(value))) return undefined;
        numbers[place++] = value;
      }
    }
    return place === data.length ? { count, numbers, texts: [] } : undefined;
  };
}

/** One body being read. */
class Reading {
  readonly #body: Uint8Array;
  readonly #columns: Column[];
  readonly #numbers: Float64Array;
  readonly #texts: string[];
  readonly #width: number;
  readonly #textWidth: number;
  readonly #capacity: number;
  #at = 0;
  /** The number that was read last. */
  #value = 0;

  constructor(body: Uint8Array, columns: Column[], width: number, textWidth: number, capacity: number) {
    this.#body = body;
    this.#columns = columns;
    this.#width = width;
    this.#textWidth = textWidth;
    this.#capacity = capacity;
    this.#numbers = new Float64Array(capacity * width).fill(Number.NaN);
    this.#texts = new Array<string>(capacity * textWidth).fill('');
  }

  read(): Columns | undefined {
    if (!this.#takes(openObject)) return undefined;
    this.#skipBlanks();
    if (!this.#takesBytes(rowsKey) || !this.#takes(colon) || !this.#takes(openArray)) return undefined;
    let count = 0;
    do {
      if (count === this.#capacity || !this.#readRow(count)) return undefined;
      count += 1;
    } while (this.#takes(comma));
    if (!this.#takes(closeArray) || !this.#takes(closeObject)) return undefined;
    this.#skipBlanks();
    if (this.#at !== this.#body.length) return undefined;
    return {
      count,
      numbers: this.#numbers.subarray(0, count * this.#width),
      texts: this.#texts.slice(0, count * this.#textWidth),
    };
  }

  #readRow(row: number): boolean {
    if (!this.#takes(openObject)) return false;
    const columns = this.#columns;
    let read = 0;
    if (!this.#takes(closeObject)) {
      do {
        this.#skipBlanks();
        if (!this.#findColumn(read) || !this.#takes(colon)) return false;
        const column = columns[read];
        if (column === undefined || !this.#readCell(row, column)) return false;
        read += 1;
      } while (this.#takes(comma));
      if (!this.#takes(closeObject)) return false;
    }
    for (let place = read; place < columns.length; place++) {
      if (!columns[place]?.mayBeMissing) return false;
    }
    return true;
  }

  /** Puts the column whose name stands here at a place among those that were read before; false when there is none. */
  #findColumn(place: number): boolean {
    const columns = this.#columns;
    for (let index = place; index < columns.length; index++) {
      const column = columns[index];
      if (column === undefined || !this.#takesBytes(column.key)) continue;
      if (index !== place) {
        columns.splice(index, 1);
        columns.splice(place, 0, column);
      }
      return true;
    }
    return false;
  }

  #readCell(row: number, column: Column): boolean {
    this.#skipBlanks();
    if (this.#body[this.#at] === 0x6e) return column.mayBeMissing && this.#takesBytes(nullWord);
    switch (column.kind) {
      case 'number': {
        if (!this.#readNumber()) return false;
        if (!column.isFitting(this.#value)) return false;
        this.#numbers[row * this.#width + column.place] = this.#value;
        return true;
      }
      case 'boolean': {
        const isTrue = this.#takesBytes(trueWord);
        if (!isTrue && !this.#takesBytes(falseWord)) return false;
        this.#numbers[row * this.#width + column.place] = isTrue ? 1 : 0;
        return true;
      }
      case 'category':
        for (const { bytes, text } of column.categories) {
          if (!this.#takesBytes(bytes)) continue;
          this.#texts[row * this.#textWidth + column.place] = text;
          return true;
        }
        return false;
      case 'text': {
        const text = this.#readText(column.maxLength);
        if (text === undefined || (text === '' && !column.mayBeMissing)) return false;
        this.#texts[row * this.#textWidth + column.place] = text;
        return true;
      }
    }
  }

  /** A text without escapes that is short whatever its characters are. */
  #readText(maxLength: number): string | undefined {
    const body = this.#body;
    if (body[this.#at] !== quote) return undefined;
    const start = this.#at + 1;
    let end = start;
    for (;;) {
      const byte = body[end] ?? 0;
      if (byte === quote) break;
      if (byte < 0x20 || byte === backslash || end - start >= maxLength) return undefined;
      end += 1;
    }
    this.#at = end + 1;
    try {
      return decoder.decode(body.subarray(start, end));
    } catch {
      return undefined;
    }
  }

  /** A JSON number, as JSON.parse reads it. */
  #readNumber(): boolean {
    const body = this.#body;
    const start = this.#at;
    let at = start;
    let digits = 0;
    let whole = 0;
    const isNegative = body[at] === minus;
    if (isNegative) at += 1;
    const first = at;
    let byte = body[at] ?? 0;
    while (byte >= zero && byte <= nine) {
      whole = whole * 10 + (byte - zero);
      byte = body[++at] ?? 0;
    }
    digits = at - first;
    if (digits === 0 || (digits > 1 && body[first] === zero)) return false;
    let decimals = 0;
    if (byte === point) {
      const after = ++at;
      byte = body[at] ?? 0;
      while (byte >= zero && byte <= nine) {
        whole = whole * 10 + (byte - zero);
        byte = body[++at] ?? 0;
      }
      decimals = at - after;
      if (decimals === 0) return false;
    }
    this.#at = at;
    if (digits + decimals <= mostDigits && byte !== 0x65 && byte !== 0x45) {
      const value = decimals === 0 ? whole : whole / (powersOfTen[decimals] ?? 1);
      this.#value = isNegative ? -value : value;
      return true;
    }
    return this.#readLongNumber(start);
  }

  /** One with an exponent, or of too many digits to be worked out here. */
  #readLongNumber(start: number): boolean {
    const body = this.#body;
    let at = this.#at;
    if (body[at] === 0x65 || body[at] === 0x45) {
      at += 1;
      if (body[at] === 0x2b || body[at] === minus) at += 1;
      const first = at;
      while ((body[at] ?? 0) >= zero && (body[at] ?? 0) <= nine) at += 1;
      if (at === first) return false;
    }
    this.#at = at;
    this.#value = Number(decoder.decode(body.subarray(start, at)));
    return true;
  }

  #skipBlanks(): void {
    const body = this.#body;
    let byte = body[this.#at];
    while (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09) byte = body[++this.#at];
  }

  /** Steps over one sign and the blanks before it, if it stands here. */
  #takes(sign: number): boolean {
    if (this.#body[this.#at] !== sign) {
      this.#skipBlanks();
      if (this.#body[this.#at] !== sign) return false;
    }
    this.#at += 1;
    return true;
  }

  /** Steps over a word, if it stands here. */
  #takesBytes(word: Uint8Array): boolean {
    const body = this.#body;
    const at = this.#at;
    for (let place = 0; place < word.length; place++) if (body[at + place] !== word[place]) return false;
    this.#at = at + word.length;
    return true;
  }
}

const rowsKey = encoder.encode('"rows"');
const nullWord = encoder.encode('null');
const trueWord = encoder.encode('true');
const falseWord = encoder.encode('false');
