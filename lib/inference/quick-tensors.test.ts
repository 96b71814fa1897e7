import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readNumberTensors } from './quick-tensors.ts';
import { parseStrictJson } from './strict-json.ts';

const bytes = (text: string) => new TextEncoder().encode(text);
const tensor = { name: 'numbers', shape: [2, 2], datatype: 'FP32', data: [1, 2.5, null, -3e-2] };
const bodyOf = (...inputs: unknown[]) => bytes(JSON.stringify({ inputs }));

/** What the careful reader makes of a body, with NaN for null as typed arrays have it; undefined when it refuses. */
function readCarefully(body: Uint8Array): unknown {
  try {
    return parseStrictJson(body, { depth: 16 });
  } catch {
    return undefined;
  }
}

/** Whether the body was read, and then as the careful reader reads it. */
function expectSame(body: Uint8Array): boolean {
  const read = readNumberTensors(body);
  if (!read) return false;
  const inputs = read.inputs.map(({ data, ...rest }) => ({
    ...rest,
    data: Array.from(data, (value) => (Number.isNaN(value) ? null : value)),
  }));
  expect({ inputs }).toStrictEqual(readCarefully(body));
  return true;
}

describe('readNumberTensors', () => {
  it('reads numbers into typed arrays, null as NaN', () => {
    expect(readNumberTensors(bodyOf(tensor))?.inputs).toEqual([
      { ...tensor, data: Float64Array.of(1, 2.5, Number.NaN, -0.03) },
    ]);
  });

  it('reads a tensor for each feature, blanks between all signs, and members in another order', () => {
    const spaced =
      ' { "inputs" : [ { "datatype" : "FP64" , "shape" : [ 1 ] , "data" : [ 7 ] , "name" : "a" } ] } ';
    expect(expectSame(bytes(spaced))).toBe(true);
    expect(expectSame(bodyOf({ ...tensor, name: 'a' }, { ...tensor, name: 'b', shape: [4] }))).toBe(true);
  });

  it.each<[string, Uint8Array]>([
    ['texts', bodyOf({ ...tensor, datatype: 'BYTES', data: ['a', 'b', 'c', 'd'] })],
    ['booleans', bodyOf({ ...tensor, datatype: 'BOOL', data: [true, false, true, true] })],
    [
      'nested data',
      bodyOf({
        ...tensor,
        data: [
          [1, 2],
          [3, 4],
        ],
      }),
    ],
    ['data before the shape', bytes('{"inputs":[{"name":"a","datatype":"FP32","data":[1],"shape":[1]}]}')],
    ['fewer values than the shape says', bodyOf({ ...tensor, data: [1, 2, 3] })],
    ['more values than the shape says', bodyOf({ ...tensor, data: [1, 2, 3, 4, 5] })],
    ['a shape that lies by far', bodyOf({ ...tensor, shape: [1e9, 1e6] })],
    ['a negative size', bodyOf({ ...tensor, shape: [-2, -2] })],
    ['three dimensions', bodyOf({ ...tensor, shape: [2, 2, 1] })],
    ['a member more', bodyOf({ ...tensor, parameters: {} })],
    [
      'a member twice',
      bytes('{"inputs":[{"name":"a","name":"a","shape":[1],"datatype":"FP32","data":[1]}]}'),
    ],
    ['no name', bodyOf({ ...tensor, name: undefined })],
    ['an id', bytes(JSON.stringify({ inputs: [tensor], id: '7' }))],
    ['a name with an escape', bodyOf({ ...tensor, name: 'a"b' })],
    ['no tensor', bytes('{"inputs":[]}')],
    ['words for no number', bytes('{"inputs":[{"name":"a","shape":[1],"datatype":"FP32","data":[NaN]}]}')],
    ['something behind the end', bytes(`${JSON.stringify({ inputs: [tensor] })} 1`)],
    ['a body that ends early', bodyOf(tensor).subarray(0, 70)],
    ['nothing', new Uint8Array()],
  ])('leaves %s to the careful reader', (_, body) => {
    expect(readNumberTensors(body)).toBeUndefined();
  });

  it('reads, or leaves, what the careful reader reads, whatever the body', () => {
    const number = fc.oneof(
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.integer(),
      fc.constant(null),
    );
    const given = fc
      .record({
        name: fc.string({ maxLength: 8, unit: 'binary' }),
        width: fc.integer({ min: 1, max: 3 }),
        datatype: fc.constantFrom('FP32', 'INT64', 'BYTES', 'none'),
        rows: fc.array(fc.array(number, { minLength: 3, maxLength: 3 }), { minLength: 1, maxLength: 5 }),
      })
      .map(({ name, width, datatype, rows }) => ({
        name,
        shape: [rows.length, width],
        datatype,
        data: rows.flatMap((row) => row.slice(0, width)),
      }));
    const edit = fc.record({ at: fc.nat(), byte: fc.nat(255), isEdited: fc.boolean() });
    let read = 0;
    fc.assert(
      fc.property(
        fc.array(given, { maxLength: 3 }),
        fc.constantFrom('', ' ', '\t'),
        edit,
        (inputs, space, { at, byte, isEdited }) => {
          const body = bytes(JSON.stringify({ inputs }, null, space));
          if (isEdited) body[at % body.length] = byte;
          if (expectSame(body)) read += 1;
        },
      ),
      { numRuns: 2000 },
    );
    expect(read).toBeGreaterThan(200);
  });
});
