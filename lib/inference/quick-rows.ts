import type { ModelDefinition } from '../model/definition.ts';
import { type Feature, isNumeric } from '../model/features.ts';
import { JsonCursor } from './json-cursor.ts';
import { isWithin, type NumberRange, rangeOf } from './number-range.ts';
import type { Columns } from './row-batch.ts';

/** Reads `{"rows": [{...}]}` from bytes; undefined where the careful reader must look. */
export type QuickReader = (body: Uint8Array) => Columns | undefined;

const comma = 0x2c;
const colon = 0x3a;
const openArray = 0x5b;
const backslash = 0x5c;
const closeArray = 0x5d;
const openObject = 0x7b;
const closeObject = 0x7d;

const encoder = new TextEncoder();
const rowsKey = encoder.encode('"rows"');
const firstOfNull = 0x6e;
const nullWord = encoder.encode('null');
const trueWord = encoder.encode('true');
const falseWord = encoder.encode('false');

interface Column {
  /** `"name"` as it stands in a body. */
  key: Uint8Array;
  kind: 'number' | 'boolean' | 'category' | 'text';
  /** Among the numbers or the texts of a row. */
  place: number;
  mayBeMissing: boolean;
  range: NumberRange;
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
    range: rangeOf(feature),
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

/** One body being read. */
class Reading {
  readonly #json: JsonCursor;
  readonly #columns: Column[];
  readonly #numbers: Float64Array;
  readonly #texts: string[];
  readonly #width: number;
  readonly #textWidth: number;
  readonly #capacity: number;

  constructor(body: Uint8Array, columns: Column[], width: number, textWidth: number, capacity: number) {
    this.#json = new JsonCursor(body);
    this.#columns = columns;
    this.#width = width;
    this.#textWidth = textWidth;
    this.#capacity = capacity;
    this.#numbers = new Float64Array(capacity * width).fill(Number.NaN);
    this.#texts = new Array<string>(capacity * textWidth).fill('');
  }

  read(): Columns | undefined {
    const json = this.#json;
    if (!json.takes(openObject)) return undefined;
    json.skipBlanks();
    if (!json.takesBytes(rowsKey) || !json.takes(colon) || !json.takes(openArray)) return undefined;
    let count = 0;
    do {
      if (count === this.#capacity || !this.#readRow(count)) return undefined;
      count += 1;
    } while (json.takes(comma));
    if (!json.takes(closeArray) || !json.takes(closeObject)) return undefined;
    json.skipBlanks();
    if (!json.isAtEnd) return undefined;
    return {
      count,
      // A view would cost a buffer of its own, which is what takes longest with one row.
      numbers: this.#numbers.slice(0, count * this.#width),
      texts: this.#texts.slice(0, count * this.#textWidth),
    };
  }

  #readRow(row: number): boolean {
    const json = this.#json;
    if (!json.takes(openObject)) return false;
    const columns = this.#columns;
    let read = 0;
    if (!json.takes(closeObject)) {
      do {
        json.skipBlanks();
        if (!this.#findColumn(read) || !json.takes(colon)) return false;
        const column = columns[read];
        if (column === undefined || !this.#readCell(row, column)) return false;
        read += 1;
      } while (json.takes(comma));
      if (!json.takes(closeObject)) return false;
    }
    for (let place = read; place < columns.length; place++) {
      if (!columns[place]?.mayBeMissing) return false;
    }
    return true;
  }

  /** Puts the column whose name stands here at a place among those that were read before; false when there is none. */
  #findColumn(place: number): boolean {
    const json = this.#json;
    const columns = this.#columns;
    for (let index = place; index < columns.length; index++) {
      const column = columns[index];
      if (column === undefined || !json.takesBytes(column.key)) continue;
      if (index !== place) {
        columns.splice(index, 1);
        columns.splice(place, 0, column);
      }
      return true;
    }
    return false;
  }

  #readCell(row: number, column: Column): boolean {
    const json = this.#json;
    json.skipBlanks();
    if (json.byte === firstOfNull) return column.mayBeMissing && json.takesBytes(nullWord);
    switch (column.kind) {
      case 'number': {
        if (!json.readNumber() || !isWithin(column.range, json.value)) return false;
        this.#numbers[row * this.#width + column.place] = json.value;
        return true;
      }
      case 'boolean': {
        const isTrue = json.takesBytes(trueWord);
        if (!isTrue && !json.takesBytes(falseWord)) return false;
        this.#numbers[row * this.#width + column.place] = isTrue ? 1 : 0;
        return true;
      }
      case 'category':
        for (const { bytes, text } of column.categories) {
          if (!json.takesBytes(bytes)) continue;
          this.#texts[row * this.#textWidth + column.place] = text;
          return true;
        }
        return false;
      case 'text': {
        const text = json.readText(column.maxLength);
        if (text === undefined || (text === '' && !column.mayBeMissing)) return false;
        this.#texts[row * this.#textWidth + column.place] = text;
        return true;
      }
    }
  }
}
