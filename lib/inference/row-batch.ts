import type { Row } from '../data/dataset.ts';
import type { ModelDefinition } from '../model/definition.ts';
import { isNumeric } from '../model/features.ts';
import { generalisedNumber } from '../model/generalise.ts';
import { compileDisguises, type TakePlace } from './rows.ts';
import { compileEncoder, type Matrices } from './tensors.ts';

/** The rows of one request: as the session takes them, and row by row for those who look at them. */
export interface RowBatch {
  readonly count: number;
  readonly matrices: Matrices;
  readonly rows: readonly Row[];
}

/** Values by place, row after row: numbers (booleans 0 and 1, missing NaN) and texts (missing empty). */
export interface Columns {
  count: number;
  numbers: Float64Array | Float32Array;
  texts: string[];
}

const toSingle = (numbers: Float64Array | Float32Array) =>
  numbers instanceof Float32Array ? numbers : new Float32Array(numbers);

/** Makes batches of a definition. What is not asked of a batch is not worked out. */
export class RowBatches {
  readonly #encode: (rows: readonly Row[]) => Matrices;
  readonly #features: { name: string; isNumber: boolean; isBoolean: boolean }[];
  readonly #numbers: number;
  readonly #texts: number;
  /** Numbers that the model knows in ranges alone, with their places among the numbers of a row. */
  readonly #coarse: { place: number; width: number }[];
  /** Texts that are hashed or masked, with their places among the texts of a row. */
  readonly #disguised: { place: number; takePlace: TakePlace }[];

  constructor(definition: ModelDefinition, hashKey?: Uint8Array) {
    this.#encode = compileEncoder(definition);
    this.#features = Object.entries(definition.features).map(([name, feature]) => ({
      name,
      isNumber: isNumeric(feature),
      isBoolean: feature.type === 'boolean',
    }));
    this.#numbers = this.#features.filter(({ isNumber }) => isNumber).length;
    this.#texts = this.#features.length - this.#numbers;
    const numbers = this.#features.filter(({ isNumber }) => isNumber).map(({ name }) => name);
    this.#coarse = Object.entries(definition.features).flatMap(([name, feature]) => {
      const asked = 'generalise' in feature ? feature.generalise : undefined;
      return asked && 'width' in asked ? [{ place: numbers.indexOf(name), width: asked.width }] : [];
    });
    const texts = this.#features.filter(({ isNumber }) => !isNumber).map(({ name }) => name);
    this.#disguised = [...compileDisguises(definition, hashKey)].map(([name, takePlace]) => ({
      place: texts.indexOf(name),
      takePlace,
    }));
  }

  /** @param rows As the row reader gives them. */
  ofRows(rows: readonly Row[]): RowBatch {
    return { count: rows.length, matrices: this.#encode(rows), rows };
  }

  /** @param columns That fit the definition. */
  ofColumns(columns: Columns): RowBatch {
    return new ColumnBatch(this.#disguisedColumns(this.#coarserColumns(columns)), this);
  }

  #coarserColumns(columns: Columns): Columns {
    if (this.#coarse.length === 0) return columns;
    const numbers = columns.numbers.slice();
    for (const { place, width } of this.#coarse) {
      for (let at = place; at < numbers.length; at += this.#numbers) {
        numbers[at] = generalisedNumber(numbers[at] ?? Number.NaN, width);
      }
    }
    return { ...columns, numbers };
  }

  #disguisedColumns(columns: Columns): Columns {
    if (this.#disguised.length === 0) return columns;
    const texts = columns.texts.slice();
    for (const { place, takePlace } of this.#disguised) {
      for (let at = place; at < texts.length; at += this.#texts) {
        // Without the key nothing is read into columns that did not come hashed: see wire.ts.
        if (texts[at]) texts[at] = takePlace(texts[at] ?? '') ?? '';
      }
    }
    return { ...columns, texts };
  }

  toMatrices({ count, numbers, texts }: Columns): Matrices {
    return {
      rows: count,
      numbers: this.#numbers > 0 ? toSingle(numbers) : undefined,
      texts: this.#texts > 0 ? texts : undefined,
    };
  }

  toRows({ count, numbers, texts }: Columns): Row[] {
    let number = 0;
    let text = 0;
    return Array.from({ length: count }, () => {
      const row: Row = {};
      for (const { name, isNumber, isBoolean } of this.#features) {
        if (isNumber) {
          const value = numbers[number++] ?? Number.NaN;
          row[name] = Number.isNaN(value) ? null : isBoolean ? value === 1 : value;
        } else row[name] = texts[text++] || null;
      }
      return row;
    });
  }
}

class ColumnBatch implements RowBatch {
  readonly matrices: Matrices;
  readonly #columns: Columns;
  readonly #batches: RowBatches;
  #rows: Row[] | undefined;

  constructor(columns: Columns, batches: RowBatches) {
    this.matrices = batches.toMatrices(columns);
    this.#columns = columns;
    this.#batches = batches;
  }

  get count(): number {
    return this.#columns.count;
  }

  get rows(): readonly Row[] {
    this.#rows ??= this.#batches.toRows(this.#columns);
    return this.#rows;
  }
}
