import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jsonLengthHeader } from './binary-tensors.ts';
import { aFlower } from './fixtures/models.ts';
import { servingFlowers } from './fixtures/server.ts';

const path = '/v2/models/flowers/infer';

interface Tensor {
  name: string;
  datatype: string;
  shape: number[];
  bytes: Uint8Array;
}

const bytesOf = (values: ArrayBufferView) =>
  new Uint8Array(values.buffer, values.byteOffset, values.byteLength);

const text = (value: string) => {
  const content = Buffer.from(value);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(content.length);
  return Buffer.concat([length, content]);
};

function aBody(tensors: Tensor[], change: (input: Record<string, unknown>) => unknown = (input) => input) {
  const inputs = tensors.map(({ bytes, ...tensor }) =>
    change({ ...tensor, parameters: { binary_data_size: bytes.length } }),
  );
  const json = Buffer.from(JSON.stringify({ inputs }));
  const body = Buffer.concat([json, ...tensors.map(({ bytes }) => bytes)]);
  return { body, headers: { [jsonLengthHeader]: String(json.length) } };
}

const columns: Tensor[] = [
  { name: 'length', datatype: 'FP64', shape: [2, 1], bytes: bytesOf(Float64Array.of(5.1, 7)) },
  { name: 'width', datatype: 'FP32', shape: [2], bytes: bytesOf(Float32Array.of(1.7, Number.NaN)) },
  { name: 'petals', datatype: 'INT64', shape: [2], bytes: bytesOf(BigInt64Array.of(5n, 4n)) },
  { name: 'wild', datatype: 'BOOL', shape: [2], bytes: Uint8Array.of(1, 0) },
  { name: 'colour', datatype: 'BYTES', shape: [2], bytes: Buffer.concat([text('red'), text('')]) },
];

describe('binary tensors', () => {
  it('are answered as rows are, with NaN for what is missing', async () => {
    const { call, predict } = servingFlowers();
    const { json } = await predict([aFlower, { length: 7, petals: 4, wild: false }]);
    const labels = (json.predictions as { label: string }[]).map(({ label }) => label);
    const { body, headers } = aBody(columns);
    for (const type of ['application/json', 'application/octet-stream']) {
      const answer = await call('POST', path, body, { ...headers, 'content-type': type });
      expect(answer.json.outputs).toContainEqual(expect.objectContaining({ name: 'label', data: labels }));
    }
  });

  it.each([
    ['FP16', bytesOf(Float16Array.of(5, 6))],
    ['INT8', bytesOf(Int8Array.of(5, 6))],
    ['INT16', bytesOf(Int16Array.of(5, 6))],
    ['INT32', bytesOf(Int32Array.of(5, 6))],
    ['UINT8', Uint8Array.of(5, 6)],
    ['UINT16', bytesOf(Uint16Array.of(5, 6))],
    ['UINT32', bytesOf(Uint32Array.of(5, 6))],
    ['UINT64', bytesOf(BigUint64Array.of(5n, 6n))],
  ])('of %s are read', async (datatype, bytes) => {
    const { call, ofKind } = servingFlowers();
    const { body, headers } = aBody(columns.with(2, { name: 'petals', datatype, shape: [2], bytes }));
    expect((await call('POST', path, body, headers)).status).toBe(200);
    expect(ofKind('prediction')[0]).toMatchObject({ rows: [{ petals: 5 }, { petals: 6 }] });
  });

  const petals = (over: Partial<Tensor>) =>
    aBody(
      columns.with(2, { name: 'petals', datatype: 'INT64', shape: [2], bytes: new Uint8Array(16), ...over }),
    );
  const sizePointer = '/inputs/2/parameters/binary_data_size';
  it.each([
    ['a size that is no multiple', petals({ bytes: new Uint8Array(15) }), sizePointer],
    ['fewer values than its shape', petals({ bytes: new Uint8Array(8) }), '/inputs/2/data'],
    ['a datatype it does not know', petals({ datatype: 'BF16' }), '/inputs/2/datatype'],
    ['an inherited datatype', petals({ datatype: 'constructor' }), '/inputs/2/datatype'],
    [
      '2 for a boolean',
      aBody(columns.with(3, { ...columns[3], bytes: Uint8Array.of(1, 2) } as Tensor)),
      '/inputs/3/data/1',
    ],
    ['an integer too large', petals({ bytes: bytesOf(BigInt64Array.of(1n, 2n ** 62n)) }), '/inputs/2/data/1'],
    [
      'a text that ends early',
      petals({ datatype: 'BYTES', bytes: Uint8Array.of(9, 0, 0, 0, 65) }),
      sizePointer,
    ],
    ['a length that ends early', petals({ datatype: 'BYTES', bytes: Uint8Array.of(9, 0) }), sizePointer],
    [
      'a text that is not UTF-8',
      petals({ datatype: 'BYTES', bytes: Uint8Array.of(1, 0, 0, 0, 0xff) }),
      sizePointer,
    ],
    [
      'data beside its bytes',
      aBody(columns, (input) => ({ ...input, data: [] })),
      '/inputs/0/parameters/binary_data_size',
    ],
    [
      'a size below nought',
      aBody(columns, (input) => ({ ...input, parameters: { binary_data_size: -1 } })),
      '/inputs/0/parameters/binary_data_size',
    ],
    [
      'bytes of no tensor',
      { ...aBody(columns), body: Buffer.concat([aBody(columns).body, Buffer.of(1)]) },
      '',
    ],
    ['a length beyond the body', { ...aBody(columns), headers: { [jsonLengthHeader]: '99999' } }, ''],
    ['a length that is none', { ...aBody(columns), headers: { [jsonLengthHeader]: '1e2' } }, ''],
  ])('point at %s', async (_, { body, headers }, pointer) => {
    const { call } = servingFlowers();
    const { status, json } = await call('POST', path, body, headers);
    expect(json.errors).toEqual([{ pointer, message: expect.any(String) }]);
    expect(status).toBe(422);
  });

  it('are no JSON without their header', async () => {
    const { call } = servingFlowers();
    expect((await call('POST', path, aBody(columns).body)).status).toBe(400);
    expect(
      (await call('POST', path, aBody(columns).body, { 'content-type': 'application/octet-stream' })).status,
    ).toBe(415);
  });

  it('are never answered with a failure, whatever they are', async () => {
    const { call } = servingFlowers();
    const tensor = fc.record({
      name: fc.constantFrom(...Object.keys(aFlower), 'numbers', 'texts'),
      datatype: fc.constantFrom('FP16', 'FP32', 'FP64', 'INT64', 'BOOL', 'BYTES', 'X'),
      shape: fc.array(fc.nat(3), { maxLength: 3 }),
      bytes: fc.uint8Array({ maxLength: 24 }),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(tensor, { maxLength: 6 }),
        fc.integer({ min: -2, max: 2 }),
        async (tensors, shift) => {
          const { body, headers } = aBody(tensors);
          const length = Number(headers[jsonLengthHeader]) + (shift === 2 ? 1 : 0);
          const { status } = await call('POST', path, body, { [jsonLengthHeader]: String(length) });
          expect([200, 400, 413, 422]).toContain(status);
        },
      ),
      { numRuns: 200 },
    );
  });
});
