import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytes, message, number } from './fixtures/onnx-writer.ts';
import { fieldsOf, NotProtobuf, packedNumbers } from './protobuf.ts';

const join = (...parts: Uint8Array[]) => Uint8Array.from(parts.flatMap((part) => [...part]));

describe('fieldsOf', () => {
  it('reads back what was written', () => {
    const field = fc.integer({ min: 1, max: 536_870_911 });
    const value = fc.maxSafeInteger();
    fc.assert(
      fc.property(fc.array(fc.tuple(field, fc.oneof(value, fc.string()))), (fields) => {
        const written = fields.map(([at, content]) =>
          typeof content === 'number' ? number(at, content) : bytes(at, content),
        );
        const read = Array.from(fieldsOf(join(...written)), (each) => [
          each.number,
          each.kind === 'bytes' ? new TextDecoder().decode(each.value) : each.kind === 'varint' && each.value,
        ]);
        expect(read).toEqual(fields);
      }),
    );
  });

  it('passes over what is not wanted and fixed widths', () => {
    const file = join(
      number(1, 5),
      Uint8Array.from([0x1d, 0, 0, 0, 0, 0x21, 0, 0, 0, 0, 0, 0, 0, 0]),
      message(9, number(1, 1)),
    );
    expect(Array.from(fieldsOf(file, [1, 9]))).toEqual([
      { number: 3, kind: 'fixed' },
      { number: 4, kind: 'fixed' },
    ]);
  });

  it.each([
    ['a cut number', [0x08, 0x80]],
    ['a cut field', [0x0a, 0x05, 0x00]],
    ['a number without end', [0x08, ...new Array<number>(11).fill(0xff)]],
    ['a negative length', [0x0a, ...new Array<number>(9).fill(0xff), 0x01]],
    ['a group', [0x0b, 0x0c]],
    ['field 0', [0x00, 0x00]],
  ])('refuses %s', (_, content) => {
    expect(() => Array.from(fieldsOf(Uint8Array.from(content)))).toThrow(NotProtobuf);
  });
});

describe('packedNumbers', () => {
  it('reads one after the other', () => {
    expect([...packedNumbers(Uint8Array.from([1, 0xac, 0x02, 0]))]).toEqual([1, 300, 0]);
  });
});
