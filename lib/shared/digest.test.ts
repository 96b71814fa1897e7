import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson, digestOf, sha256 } from './digest.ts';

describe('sha256', () => {
  it('agrees with FIPS 180-2 on its first example, as text and as bytes', () => {
    const expected = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';
    expect(sha256('abc')).toBe(expected);
    expect(sha256(new Uint8Array([97, 98, 99]))).toBe(expected);
  });

  it('takes text as UTF-8', () => {
    expect(sha256('ü')).toBe(sha256(new Uint8Array([0xc3, 0xbc])));
  });
});

describe('canonicalJson', () => {
  it.each<[string, unknown, string]>([
    [
      'keys by code unit, not by language or code point',
      { ö: 1, z: 2, Z: 3, '1': 4, '\u{1F600}': 5, '\uFB33': 6 },
      '{"1":4,"Z":3,"z":2,"ö":1,"\u{1F600}":5,"\uFB33":6}',
    ],
    ['keys at every depth', { b: [{ d: 1, c: 2 }], a: {} }, '{"a":{},"b":[{"c":2,"d":1}]}'],
    [
      'numbers as ECMAScript does',
      [1.0, -0, 1e21, 1e-7, 0.1, 1234.5678, 4.5, 2e-3],
      '[1,0,1e+21,1e-7,0.1,1234.5678,4.5,0.002]',
    ],
    ['control characters escaped, others as they are', 'a\u0001\n"\\/€', '"a\\u0001\\n\\"\\\\/€"'],
    [
      'no member for undefined, null for a missing item',
      { a: undefined, b: [undefined, null] },
      '{"b":[null,null]}',
    ],
    ['literals', [true, false, null], '[true,false,null]'],
    ['the JSON form of a value that has one', { at: new Date(0) }, '{"at":"1970-01-01T00:00:00.000Z"}'],
  ])('writes %s', (_, value, expected) => {
    expect(canonicalJson(value)).toBe(expected);
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY])('refuses %s, which JSON has no form for', (number) => {
    expect(() => canonicalJson({ metrics: { accuracy: number } })).toThrow(/has no JSON form/);
  });

  it('keeps the value, and is the same for any order of keys', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = canonicalJson(value);
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
        expect(canonicalJson(reversed(value))).toBe(text);
        expect(canonicalJson(JSON.parse(text))).toBe(text);
      }),
    );
  });
});

/** The same value with the keys of every object in reverse. */
function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (value === null || typeof value !== 'object') return value;
  const turned: Record<string, unknown> = Object.create(null);
  for (const [key, member] of Object.entries(value).reverse()) turned[key] = reversed(member);
  return turned;
}

describe('digestOf', () => {
  it('is the digest of the canonical form', () => {
    expect(digestOf({ b: 1, a: 2 })).toBe(sha256('{"a":2,"b":1}'));
    expect(digestOf({ b: 1, a: 2 })).toBe(digestOf({ a: 2, b: 1 }));
    expect(digestOf({ a: 2 })).not.toBe(digestOf({ a: '2' }));
  });
});
