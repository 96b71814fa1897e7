import { describe, expect, it } from 'vitest';
import { readPattern } from '../../model/pattern.ts';
import { categoriesIn, compilePattern } from './pattern-program.ts';

function read(text: string) {
  const pattern = readPattern(text);
  if (typeof pattern === 'string') throw new Error(pattern);
  return pattern;
}

describe('compilePattern', () => {
  it('makes one set of letters of those that are the same', () => {
    expect(compilePattern(read('[a-c][cab]*'), new Map())).toEqual({
      letters: [[97, 99]],
      steps: [{ ends: true }, { either: [0, 2] }, { letters: 0, next: 1 }, { letters: 0, next: 1 }],
      first: 3,
    });
  });

  it('lays ranges of a category and of all others in their order', () => {
    const pattern = read('[\\p{Nd}a]|[^\\p{Nd}]');
    expect(categoriesIn(pattern)).toEqual(['Nd', 'Nd']);
    const digits = new Map([['Nd', [[48, 57] as const]]]);
    expect(compilePattern(pattern, digits).letters).toEqual([
      [48, 57, 97, 97],
      [0, 47, 58, 0x10ffff],
    ]);
  });

  it('needs the letters of every category', () => {
    expect(() => compilePattern(read('\\pL'), new Map())).toThrow(/nobody asked .* category L/);
  });
});
