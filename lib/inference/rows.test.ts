import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { defineModel } from '../model/definition.ts';
import { aFlower, flowers } from './fixtures/models.ts';
import { nearestOf } from './nearest.ts';
import { compileRowReader } from './rows.ts';

/** A name that every object has without having it. */
const inherited: string = 'valueOf';

const odd = defineModel({
  name: 'odd',
  task: 'regression',
  features: {
    [inherited]: { type: 'number' },
    'a/b': { type: 'integer', min: -5, max: 5 },
    free: { type: 'number' },
    note: { type: 'text', maxLength: 3, mayBeMissing: true },
  },
  target: { name: 'y', type: 'number' },
  train: {},
});
const fine = { valueOf: 1, 'a/b': 2, free: 3, note: 'abc' };
const read = compileRowReader(odd);

function errorsOf(rows: unknown[], reader = read): unknown {
  try {
    return reader(rows);
  } catch (thrown) {
    expect(thrown).toMatchObject({ code: 'request-invalid' });
    return thrown instanceof Error && 'details' in thrown ? thrown.details : undefined;
  }
}

describe('compileRowReader', () => {
  it('gives rows back as they came, missing cells as null', () => {
    expect(read([fine])).toEqual([fine]);
    expect(
      read([
        { ...fine, note: '' },
        { ...fine, note: null },
      ]),
    ).toEqual([
      { ...fine, note: null },
      { ...fine, note: null },
    ]);
    expect(compileRowReader(flowers)([aFlower])).toEqual([aFlower]);
  });

  it('spells categories as uploads are spelt', () => {
    const spelt = defineModel({
      ...odd,
      features: {
        colour: {
          type: 'category',
          categories: ['red', 'größe'],
          normalise: { case: 'lower' },
          mayBeMissing: true,
        },
        kept: { type: 'category', categories: ['red', 'blue'] },
      },
    });
    const spell = compileRowReader(spelt);
    expect(spell([{ colour: ' GRO\u0308SSE'.replace('SSE', 'ßE'), kept: 'red' }])).toEqual([
      { colour: 'größe', kept: 'red' },
    ]);
    expect(spell([{ colour: '  ', kept: 'red' }])).toEqual([{ colour: null, kept: 'red' }]);
    expect(errorsOf([{ colour: 'Rot', kept: 'Red' }], spell)).toMatchObject({
      errors: [{ pointer: '/rows/0/colour' }, { pointer: '/rows/0/kept' }],
    });
  });

  it.each<[string, object, string, string]>([
    ['a text for a number', { free: '3' }, '/rows/0/free', 'is "3"; a number is needed'],
    ['a boolean for a number', { free: true }, '/rows/0/free', 'is true; a number is needed'],
    ['an object for a number', { free: {} }, '/rows/0/free', 'is an object; a number is needed'],
    ['an empty text for a number', { free: '' }, '/rows/0/free', 'is ""; a number is needed'],
    [
      'what 32 bits do not hold',
      { free: 1e39 },
      '/rows/0/free',
      'is 1e+39, which is beyond what a 32-bit number holds',
    ],
    ['a fraction for an integer', { 'a/b': 1.5 }, '/rows/0/a~1b', 'is 1.5; an integer is needed'],
    ['a value below the range', { 'a/b': -6 }, '/rows/0/a~1b', 'is -6; at least -5 is allowed'],
    ['a value above the range', { 'a/b': 6 }, '/rows/0/a~1b', 'is 6; at most 5 is allowed'],
    ['null where nothing may be missing', { free: null }, '/rows/0/free', 'is null; it may not be missing'],
    ['too long a text', { note: 'abcd' }, '/rows/0/note', 'is longer than 3 characters'],
    ['a zero byte', { note: 'a\0' }, '/rows/0/note', 'holds a zero byte'],
    ['the target', { y: 1 }, '/rows/0/y', 'is what the model predicts; leave it out'],
    ['an unknown name', { fre: 1 }, '/rows/0/fre', 'is not a feature of odd; did you mean free?'],
  ])('refuses %s', (_, change, pointer, message) => {
    expect(errorsOf([{ ...fine, ...change }])).toEqual({ errors: [{ pointer, message }] });
  });

  it('does not take what every object inherits for a value', () => {
    const { valueOf: _, ...rest } = fine;
    expect(errorsOf([rest])).toEqual({ errors: [{ pointer: '/rows/0/valueOf', message: 'is missing' }] });
  });

  it('counts characters, not code units', () => {
    expect(read([{ ...fine, note: '😀😀😀' }])).toHaveLength(1);
  });

  it('refuses categories that the model never saw', () => {
    const details = errorsOf([{ ...aFlower, colour: 'Red' }], compileRowReader(flowers));
    const message = 'is "Red"; allowed are red, blue, white; did you mean "red"?';
    expect(details).toEqual({ errors: [{ pointer: '/rows/0/colour', message }] });
  });

  it('refuses integers that cannot be told from their neighbours', () => {
    const wide = defineModel({ ...odd, features: { n: { type: 'integer' } } });
    expect(errorsOf([{ n: 2 ** 53 }], compileRowReader(wide))).toMatchObject({
      errors: [{ pointer: '/rows/0/n' }],
    });
  });

  it('names at most 20 places', () => {
    const details = errorsOf(Array.from({ length: 1000 }, () => 1));
    expect(details).toMatchObject({ errors: { length: 20 } });
  });

  it('reads or refuses any row', () => {
    fc.assert(
      fc.property(fc.array(fc.object(), { maxLength: 3 }), (rows) => {
        errorsOf(rows);
      }),
    );
  });
});

describe('nearestOf', () => {
  it('finds what was mistyped and nothing else', () => {
    const names = ['sepal_length', 'sepal_width', 'petal_length'];
    expect(nearestOf('sepal_lenght', names)).toBe('sepal_length');
    expect(nearestOf('SEPAL_WIDTH', names)).toBe('sepal_width');
    expect(nearestOf('colour', names)).toBeUndefined();
    expect(nearestOf('x'.repeat(1000), names)).toBeUndefined();
  });
});
