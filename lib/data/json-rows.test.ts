import { describe, expect, it } from 'vitest';
import { columnsOf } from './columns.ts';
import { aDefinition } from './fixtures/validation.ts';
import { readJsonRow } from './json-rows.ts';

const columns = columnsOf(aDefinition({ identity: ['id'] }));
const good = { weight: 1.5, seeds: 3, colour: null, kind: 'apple', id: 7 };
const read = (changes: Record<string, unknown>) =>
  readJsonRow(JSON.stringify({ ...good, ...changes }), columns);

describe('readJsonRow', () => {
  it('reads values as texts in the order of the columns', () => {
    expect(read({ other: 1 })).toEqual({
      cells: ['1.5', '3', null, 'apple', '7'],
      mistyped: [],
      names: ['weight', 'seeds', 'colour', 'kind', 'id', 'other'],
    });
  });

  it.each([
    ['a text for a number', { weight: '1.5' }, 'c0'],
    ['a boolean for a number', { seeds: true }, 'c1'],
    ['a number for a category', { colour: 1 }, 'c2'],
    ['a list for a category', { kind: ['apple'] }, 'c3'],
    ['an object for an identity', { id: { a: 1 } }, 'c4'],
  ])('sees %s', (_, changes, key) => {
    expect(read(changes)).toMatchObject({ mistyped: [key] });
  });

  it('keeps the digits of an identity too large for a double', () => {
    const line = JSON.stringify(good).replace('"id":7', '"id":9007199254740993,"inner":{"id":1}');
    expect(readJsonRow(line, columns)).toMatchObject({
      cells: ['1.5', '3', null, 'apple', '9007199254740993'],
    });
  });

  it.each([
    ['{"weight":1', 'is not JSON'],
    ['{"weight":NaN}', 'is not JSON'],
    ['[1]', 'is JSON, but not an object with a value for each column'],
    ['null', 'is JSON, but not an object with a value for each column'],
    ['{"weight":1,"seeds":2,"weight":3}', 'names a column twice'],
    ['{"weight":1,"\\u0077eight":3}', 'names a column twice'],
    ['{"colour":"\\u0000"}', 'holds a zero byte or half a surrogate pair'],
    ['{"colour":"\\ud800"}', 'holds a zero byte or half a surrogate pair'],
  ])('says why %s is no row', (line, message) => {
    expect(readJsonRow(line, columns)).toBe(message);
  });

  it('refuses what is too deep, also where a large number has to be looked for', () => {
    const deep = `${'['.repeat(200_000)}${']'.repeat(200_000)}`;
    for (const line of [`{"weight":${deep}}`, `{"weight":9007199254740993,"x":${deep}}`]) {
      expect(readJsonRow(line, columns)).toBe('holds lists or objects that are too deep');
    }
  });

  it('counts names of the outermost object alone', () => {
    expect(
      readJsonRow('{"weight":1,"a":{"weight":2,"b":[{"c":":"}]},"d":"\\"x\\":"}', columns),
    ).toMatchObject({
      names: ['weight', 'a', 'd'],
    });
  });
});
