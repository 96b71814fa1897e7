import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseStrictJson } from './strict-json.ts';

const parse = (text: string, depth = 8) => parseStrictJson(new TextEncoder().encode(text), { depth });

describe('parseStrictJson', () => {
  it('reads what JSON.parse reads', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4, stringUnit: 'grapheme' }), fc.nat(3), (value, indent) => {
        const text = JSON.stringify(value, null, indent);
        expect(parse(text)).toEqual(JSON.parse(text));
      }),
    );
  });

  it.each([
    ['{"a":1,"a":2}', /names "a" twice/],
    ['{"a":1,"\\u0061":2}', /names "a" twice/],
    ['[{"x":{"b" : 1, "b"\n:2}}]', /names "b" twice/],
    ['[[[[[[[[[]]]]]]]]]', /nested more than 8/],
    ['{"a":"\\ud800"}', /surrogate/],
    ['{"\\udc00":1}', /surrogate/],
    ['', /empty/],
    ['{"a":NaN}', /not JSON/],
    ["{'a':1}", /not JSON/],
    ['{} {}', /not JSON/],
  ])('refuses %s', (text, says) => {
    expect(() => parse(text)).toThrow(says);
    expect(() => parse(text)).toThrow(expect.objectContaining({ code: 'request-not-json' }));
  });

  it('lets the same name stand in two objects, and in a text', () => {
    expect(parse('[{"a":"a\\":"},{"a":1}]')).toEqual([{ a: 'a":' }, { a: 1 }]);
    expect(parse('{"😀":"\\ud83d\\ude00"}')).toEqual({ '😀': '😀' });
  });

  it('keeps a prototype as a name like any other', () => {
    const value = parse('{"__proto__":{"polluted":true}}');
    expect(Object.hasOwn(Object(value), '__proto__')).toBe(true);
    expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false);
  });
});
