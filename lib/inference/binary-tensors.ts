import { endianness } from 'node:os';
import { EvergreenError } from '../shared/errors.ts';
import { readNumberTensors } from './quick-tensors.ts';
import { jsonDepth, requireBody, type WireRequest } from './request-body.ts';
import { isObject, requestInvalid } from './rows.ts';
import { parseStrictJson } from './strict-json.ts';

/*
 * The binary data extension of the Open Inference Protocol: behind the JSON document, whose length a header tells, stand
 * the bytes of the tensors that say `binary_data_size`, in their order. Replies: binary-document.ts.
 *
 * Source: triton-inference-server/server, "extension_binary_data.md".
 */

export const jsonLengthHeader = 'inference-header-content-length';

/** In which order bytes of a number come by the protocol, and in memory on every machine that onnxruntime is built for. */
export const isLittleEndian = endianness() === 'LE';

/** A document and the bytes behind it: no JSON document can pass for one. */
export class BinaryBody {
  readonly document: unknown;
  readonly bytes: Uint8Array;
  constructor(document: unknown, bytes: Uint8Array) {
    this.document = document;
    this.bytes = bytes;
  }
}

/** @throws EvergreenError when the body is neither JSON nor JSON with tensors behind it. */
export function readTensorBody(request: Pick<WireRequest, 'headers' | 'body'>, limitBytes: number): unknown {
  const said = request.headers[jsonLengthHeader];
  if (said === undefined) {
    requireBody(request, ['json'], limitBytes);
    return (
      readNumberTensors(request.body) ?? parseStrictJson(request.body, { depth: jsonDepth, readsNaN: true })
    );
  }
  requireBody(request, ['json', 'octets'], limitBytes);
  const length = /^\d{1,10}$/.test(said) ? Number(said) : Number.NaN;
  if (!(length <= request.body.length)) {
    const message = `says ${said.slice(0, 20)} in ${jsonLengthHeader}; the body has ${request.body.length} bytes`;
    throw requestInvalid([{ pointer: '', message }]);
  }
  const document = parseStrictJson(request.body.subarray(0, length), {
    depth: jsonDepth,
    readsNaN: true,
  });
  return new BinaryBody(document, request.body.subarray(length));
}

/** Typed arrays begin at a multiple of their size, and tensors anywhere. */
const aligned = (bytes: Uint8Array) => new Uint8Array(bytes).buffer;

/** Numbers of each datatype as they lie in the bytes, low byte first. */
const readers: Record<string, (bytes: Uint8Array) => ArrayLike<number | bigint>> = {
  FP16: (bytes) => new Float16Array(aligned(bytes)),
  FP32: (bytes) => new Float32Array(aligned(bytes)),
  FP64: (bytes) => new Float64Array(aligned(bytes)),
  INT8: (bytes) => new Int8Array(aligned(bytes)),
  INT16: (bytes) => new Int16Array(aligned(bytes)),
  INT32: (bytes) => new Int32Array(aligned(bytes)),
  INT64: (bytes) => new BigInt64Array(aligned(bytes)),
  UINT8: (bytes) => bytes,
  UINT16: (bytes) => new Uint16Array(aligned(bytes)),
  UINT32: (bytes) => new Uint32Array(aligned(bytes)),
  UINT64: (bytes) => new BigUint64Array(aligned(bytes)),
};
const sizes: Record<string, number> = {
  FP16: 2,
  FP32: 4,
  FP64: 8,
  INT8: 1,
  INT16: 2,
  INT32: 4,
  INT64: 8,
  UINT8: 1,
  UINT16: 2,
  UINT32: 4,
  UINT64: 8,
  BOOL: 1,
};

/** Each text with its length in four bytes before it. */
function textsOf(bytes: Uint8Array, refuse: (message: string) => never): string[] {
  const texts: string[] = [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  let place = 0;
  while (place < bytes.length) {
    const end =
      place + 4 <= bytes.length ? place + 4 + view.getUint32(place, true) : Number.POSITIVE_INFINITY;
    if (end > bytes.length) return refuse('ends within a text');
    try {
      texts.push(decoder.decode(bytes.subarray(place + 4, end)));
    } catch {
      return refuse('holds a text that is not UTF-8');
    }
    place = end;
  }
  return texts;
}

/** NaN is how binary numbers say that a value is missing: JSON has null for it. */
export function numberOrMissing(number: number | bigint | undefined): number | null {
  const value = Number(number);
  return Number.isNaN(value) ? null : value;
}

function valuesOf(
  datatype: unknown,
  bytes: Uint8Array,
  refuse: (message: string) => never,
): unknown[] | ArrayLike<number | bigint> {
  if (datatype === 'BYTES') return textsOf(bytes, refuse);
  const size = typeof datatype === 'string' && Object.hasOwn(sizes, datatype) ? sizes[datatype] : undefined;
  // The datatype itself is refused where JSON tensors of it are.
  if (size === undefined || typeof datatype !== 'string') return [];
  if (bytes.length % size !== 0) return refuse(`is no multiple of ${size}, the bytes of one ${datatype}`);
  if (datatype === 'BOOL') return Array.from(bytes, (byte) => (byte > 1 ? byte : byte === 1));
  return readers[datatype]?.(bytes) ?? [];
}

/**
 * The document with the tensors' values in it, as if they had come as JSON; numbers as typed arrays.
 *
 * @throws EvergreenError `request-invalid` when sizes do not fit the bytes.
 */
export function withBinaryData(body: unknown): unknown {
  if (!(body instanceof BinaryBody)) return body;
  if (!isLittleEndian) {
    throw new EvergreenError(
      'media-type-unsupported',
      'binary tensors are not read on this machine; send JSON',
    );
  }
  const { document, bytes } = body;
  if (!isObject(document) || !Array.isArray(document.inputs)) return document;
  let start = 0;
  const inputs = document.inputs.map((input: unknown, index) => {
    if (!isObject(input) || !isObject(input.parameters)) return input;
    const { binary_data_size: size, ...parameters } = input.parameters;
    if (size === undefined) return input;
    const pointer = `/inputs/${index}/parameters/binary_data_size`;
    const refuse = (message: string): never => {
      throw requestInvalid([{ pointer, message }]);
    };
    const isSize = typeof size === 'number' && Number.isSafeInteger(size) && size >= 0;
    if (!isSize || start + size > bytes.length) {
      return refuse(`must be a number of bytes; ${bytes.length - start} are left behind the JSON`);
    }
    if (Object.hasOwn(input, 'data')) return refuse('stands beside data; send one of them');
    const data = valuesOf(input.datatype, bytes.subarray(start, start + size), refuse);
    start += size;
    return { ...input, parameters, data };
  });
  if (start !== bytes.length) {
    const message = `has ${bytes.length - start} bytes behind its JSON that belong to no tensor`;
    throw requestInvalid([{ pointer: '', message }]);
  }
  return { ...document, inputs };
}
