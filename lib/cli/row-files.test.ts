import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseCsv } from '../shared/csv-text.ts';
import { chunksOf, rowsFromCsv, rowsFromJson } from './row-files.ts';

describe('parseCsv', () => {
  it('reads quoted cells, line breaks within them, and any line ending', () => {
    expect(parseCsv('\uFEFFa,b\r\n"x, ""y""\nz",2\n\n3,\n')).toEqual([
      ['a', 'b'],
      ['x, "y"\nz', '2'],
      ['3', ''],
    ]);
  });

  it('names the line of a quote that is never closed', () => {
    expect(parseCsv('a,b\n1,"open\n')).toEqual({ brokenLine: 2 });
    expect(() => rowsFromCsv('a,b\n1,"open\n', 'x.csv')).toThrow('x.csv, line 2');
  });

  it('reads back whatever was quoted', () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(fc.string({ minLength: 1 }), { minLength: 2, maxLength: 2 }), { minLength: 1 }),
        (records) => {
          const text = records
            .map((record) => record.map((cell) => `"${cell.replaceAll('"', '""')}"`).join(','))
            .join('\n');
          expect(parseCsv(text)).toEqual(records);
        },
      ),
    );
  });
});

describe('rowsFromCsv', () => {
  it('makes numbers and booleans of what looks like them, and nothing of an empty cell', () => {
    expect(rowsFromCsv('n,t,b,m\n-1.5e3,1 kg,true,\n', 'f')).toEqual([
      { n: -1500, t: '1 kg', b: true, m: null },
    ]);
  });

  it('names the row that has too few cells', () => {
    expect(() => rowsFromCsv('a,b\n1,2\n3\n', 'data.csv')).toThrow(
      'data.csv: row 2 has 1 cells, the header has 2',
    );
  });

  it('wants rows below the header', () => {
    expect(() => rowsFromCsv('a,b\n', 'data.csv')).toThrow('no rows');
  });
});

describe('rowsFromJson', () => {
  it('takes an object, a list, and the body of a request', () => {
    const rows = [{ a: 1 }];
    expect(rowsFromJson('{"a":1}', 'x')).toEqual(rows);
    expect(rowsFromJson('[{"a":1}]', 'x')).toEqual(rows);
    expect(rowsFromJson('{"rows":[{"a":1}]}', 'x')).toEqual(rows);
  });

  it.each(['{', '[]', '5', '[[1]]', '{"a":{"b":1}}'])('refuses %s', (text) => {
    expect(() => rowsFromJson(text, '--row')).toThrow('--row');
  });
});

describe('chunksOf', () => {
  it('keeps every row once and in order', () => {
    fc.assert(
      fc.property(fc.array(fc.integer()), fc.integer({ min: 1, max: 50 }), (items, size) => {
        const chunks = chunksOf(items, size);
        expect(chunks.flat()).toEqual(items);
        expect(chunks.every((chunk) => chunk.length > 0 && chunk.length <= size)).toBe(true);
      }),
    );
  });
});
