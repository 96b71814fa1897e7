import { JsonCursor } from './json-cursor.ts';

/*
 * Reads a request of the Open Inference Protocol from bytes, with the numbers of its tensors as typed arrays.
 *
 * Like quick-rows.ts it knows the most usual way to write one and gives up on all else, on what is wrong too: the careful
 * reader has the words for it. What it does read is what that one would read, to the last bit.
 */

/** A tensor of numbers; NaN where null stood, since JSON has no NaN. */
export interface NumberTensor {
  name: string;
  shape: number[];
  datatype: string;
  data: Float64Array;
}

const comma = 0x2c;
const colon = 0x3a;
const openArray = 0x5b;
const closeArray = 0x5d;
const openObject = 0x7b;
const closeObject = 0x7d;
const firstOfNull = 0x6e;
const nullWord = new TextEncoder().encode('null');

const mostDimensions = 2;
const longestText = 200;

/** @returns undefined where the careful reader must look. */
export function readNumberTensors(body: Uint8Array): { inputs: NumberTensor[] } | undefined {
  const json = new JsonCursor(body);
  if (!json.takes(openObject)) return undefined;
  json.skipBlanks();
  if (json.readText(longestText) !== 'inputs' || !json.takes(colon) || !json.takes(openArray))
    return undefined;
  const inputs: NumberTensor[] = [];
  do {
    const tensor = readTensor(json, body.length);
    if (!tensor) return undefined;
    inputs.push(tensor);
  } while (json.takes(comma));
  if (!json.takes(closeArray) || !json.takes(closeObject)) return undefined;
  json.skipBlanks();
  return json.isAtEnd ? { inputs } : undefined;
}

/** Each member once, and the shape before the data, whose size it says. */
function readTensor(json: JsonCursor, bodyBytes: number): NumberTensor | undefined {
  if (!json.takes(openObject)) return undefined;
  const tensor: Partial<NumberTensor> = {};
  do {
    json.skipBlanks();
    const member = json.readText(longestText);
    if (!json.takes(colon)) return undefined;
    json.skipBlanks();
    if (member === 'name' || member === 'datatype') {
      if (tensor[member] !== undefined) return undefined;
      tensor[member] = json.readText(longestText);
      if (tensor[member] === undefined) return undefined;
    } else if (member === 'shape' && !tensor.shape) {
      tensor.shape = readShape(json);
    } else if (member === 'data' && !tensor.data && tensor.shape) {
      const size = tensor.shape.reduce((product, length) => product * length, 1);
      // A value takes a digit and a comma: a shape that lies makes nobody wait for memory.
      if (size > bodyBytes / 2) return undefined;
      tensor.data = readData(json, size);
      if (!tensor.data) return undefined;
    } else return undefined;
  } while (json.takes(comma));
  const { name, shape, datatype, data } = tensor;
  if (!json.takes(closeObject) || name === undefined || !shape || datatype === undefined || !data) {
    return undefined;
  }
  return { name, shape, datatype, data };
}

function readShape(json: JsonCursor): number[] | undefined {
  if (!json.takes(openArray)) return undefined;
  const shape: number[] = [];
  do {
    json.skipBlanks();
    if (shape.length === mostDimensions || !json.readNumber()) return undefined;
    if (!Number.isSafeInteger(json.value) || json.value < 1) return undefined;
    shape.push(json.value);
  } while (json.takes(comma));
  return json.takes(closeArray) ? shape : undefined;
}

function readData(json: JsonCursor, size: number): Float64Array | undefined {
  if (!json.takes(openArray)) return undefined;
  const data = new Float64Array(size);
  let place = 0;
  do {
    json.skipBlanks();
    if (place === size) return undefined;
    if (json.byte === firstOfNull) {
      if (!json.takesBytes(nullWord)) return undefined;
      data[place] = Number.NaN;
    } else {
      if (!json.readNumber()) return undefined;
      data[place] = json.value;
    }
    place += 1;
  } while (json.takes(comma));
  return place === size && json.takes(closeArray) ? data : undefined;
}
