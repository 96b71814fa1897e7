import type { ModelDefinition } from '../model/definition.ts';
import { isNumeric } from '../model/features.ts';
import { isWithin, rangeOf } from './number-range.ts';
import type { Columns } from './row-batch.ts';

/** Reads a matrix of numbers, row after row; undefined where the careful reader must look, which has the words. */
export type MatrixReader = (count: number, data: ArrayLike<unknown>) => Columns | undefined;

/** Missing is null, or NaN where a number can be that. */
function toNumbers(data: ArrayLike<unknown>): Float32Array | Float64Array | undefined {
  if (data instanceof Float32Array || data instanceof Float64Array) return data;
  const numbers = new Float64Array(data.length);
  for (let place = 0; place < data.length; place++) {
    const value = data[place];
    if (typeof value !== 'number' && value !== null) return undefined;
    numbers[place] = value ?? Number.NaN;
  }
  return numbers;
}

/** A function that holds a matrix of numbers against a definition that takes nothing else. */
export function compileMatrixReader(definition: ModelDefinition): MatrixReader {
  const features = Object.values(definition.features);
  if (!features.every(isNumeric)) return () => undefined;
  const columns = features.map((feature) => ({ range: rangeOf(feature), ...feature }));
  const width = columns.length;
  // Nearly all values are settled by these; a call for each would take as long as the rest of the request.
  const nothing = { min: Number.NaN, max: Number.NaN };
  const usual = columns.map(({ range }) => (range.isInteger ? nothing : range));
  const isTaken = (column: number, value: number) => {
    const { range, mayBeMissing } = columns[column] ?? {};
    return range !== undefined && (isWithin(range, value) || (mayBeMissing === true && Number.isNaN(value)));
  };
  return (count, data) => {
    const numbers = toNumbers(data);
    if (numbers === undefined || numbers.length !== count * width) return undefined;
    for (let column = 0; column < width; column++) {
      const { min, max } = usual[column] ?? nothing;
      for (let place = column; place < numbers.length; place += width) {
        const value = numbers[place] ?? Number.NaN;
        if (!(value >= min && value <= max) && !isTaken(column, value)) return undefined;
      }
    }
    return { count, numbers, texts: [] };
  };
}
