import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readStruct, ThriftEnd } from './thrift-compact.ts';

describe('readStruct', () => {
  it('reads numbers and structs by their ids and passes over the rest', () => {
    const bytes = Buffer.from([
      0x15,
      0x06, // 1: i32 3
      0x18,
      0x02,
      0x61,
      0x62, // 2: binary "ab"
      0x11, // 3: true
      0x19,
      0x25,
      0x02,
      0x04, // 4: list of two i32
      0x1b,
      0x01,
      0x55,
      0x02,
      0x02, // 5: map of one
      0x17,
      0,
      0,
      0,
      0,
      0,
      0,
      0,
      0, // 6: double
      0x13,
      0x7f, // 7: byte
      0x1c,
      0x15,
      0x05,
      0x00, // 8: struct with 1: i32 -3
      0x05,
      0x28,
      0x02, // 20: i32 1, its id written out
      0x00,
      0xff,
    ]);
    const { fields, length } = readStruct(bytes);
    expect(fields).toEqual(
      new Map<number, unknown>([
        [1, 3],
        [8, new Map([[1, -3]])],
        [20, 1],
      ]),
    );
    expect(length).toBe(bytes.length - 1);
  });

  it('ends, with a struct or with ThriftEnd, whatever the bytes are', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          expect(readStruct(bytes).length).toBeLessThanOrEqual(bytes.length);
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(ThriftEnd);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it.each([
    ['structs in structs without end', Buffer.alloc(100, 0x1c)],
    ['a number without end', Buffer.concat([Buffer.from([0x15]), Buffer.alloc(20, 0xff)])],
    ['no type 15', Buffer.from([0x1f])],
    ['the bytes end before the struct does', Buffer.from([0x15])],
    ['the bytes end before the struct does', Buffer.from([0x18, 0x7f])],
  ])('says %s', (why, bytes) => {
    expect(() => readStruct(bytes)).toThrow(new ThriftEnd(why));
  });
});
