import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { defineModel } from '../model/definition.ts';
import { compileQuickReader } from './quick-rows.ts';
import { RowBatches } from './row-batch.ts';
import { compileRowReader } from './rows.ts';
import { parseStrictJson } from './strict-json.ts';

const definition = defineModel({
  name: 'all',
  task: 'classification',
  features: {
    length: { type: 'number', unit: 'cm', min: -30, max: 1e9 },
    width: { type: 'number', mayBeMissing: true },
    petals: { type: 'integer', min: -5 },
    wild: { type: 'boolean' },
    tame: { type: 'boolean', mayBeMissing: true },
    colour: { type: 'category', categories: ['red', 'rot', 'größe', 'a"b'], mayBeMissing: true },
    note: { type: 'text', maxLength: 12, mayBeMissing: true },
  },
  target: { name: 'kind', type: 'category', categories: ['a', 'b'] },
  train: {},
});
const mostRows = 5;
const readQuickly = compileQuickReader(definition, mostRows);
const batches = new RowBatches(definition);
const readRows = compileRowReader(definition);
const bytes = (text: string) => new TextEncoder().encode(text);

/** What the careful reader makes of a body; undefined when it refuses it. */
function readCarefully(body: Uint8Array) {
  try {
    const document = parseStrictJson(body, { depth: 16 });
    const isWhole =
      typeof document === 'object' && document !== null && Object.keys(document).join() === 'rows';
    const rows: unknown = isWhole && 'rows' in document ? document.rows : undefined;
    return Array.isArray(rows) && rows.length > 0 && rows.length <= mostRows ? readRows(rows) : undefined;
  } catch {
    return undefined;
  }
}

/** The quick reader may give up; what it reads must be what the careful one reads. */
function expectSame(body: Uint8Array): boolean {
  const columns = readQuickly(body);
  if (!columns) return false;
  const quick = batches.ofColumns(columns);
  const careful = readCarefully(body);
  expect(careful).toBeDefined();
  expect(quick.rows).toStrictEqual(careful);
  expect(quick.matrices).toStrictEqual(batches.ofRows(careful ?? []).matrices);
  return true;
}

const row = { length: 5.1, width: 0.2, petals: 3, wild: true, tame: false, colour: 'rot', note: 'ä b' };
const bodyOf = (rows: unknown, space?: string) => bytes(JSON.stringify({ rows }, null, space));
const withCell = (name: string, written: string) =>
  bytes(JSON.stringify({ rows: [{ ...row, [name]: '?' }] }).replace('"?"', written));

describe('compileQuickReader', () => {
  it.each([
    ['as JSON.stringify writes them', bodyOf([row, row])],
    ["as Python's json writes them", bytes(JSON.stringify({ rows: [row] }).replaceAll(/([:,])"/g, '$1 "'))],
    ['indented', bodyOf([row], '\t')],
    ['in another order', bodyOf([Object.fromEntries(Object.entries(row).reverse()), row])],
    ['without what may be missing', bodyOf([{ length: 1, petals: 2, wild: false }])],
    ['with null for what is missing', bodyOf([{ ...row, width: null, tame: null, colour: null, note: '' }])],
    ['with blanks around', bytes(` \r\n{ "rows" : [ ${JSON.stringify(row)} ] }\n`)],
  ])('reads rows %s', (_, body) => {
    expect(expectSame(body)).toBe(true);
  });

  it.each(['0', '-0', '0.1', '-12.50', '123456789012345', '0.1234567890123456789', '1e3', '2.5E-7', '1e+2'])(
    'reads the number %s as JSON does',
    (written) => {
      expect(expectSame(withCell('width', written))).toBe(true);
    },
  );

  it.each([
    ['length', '01'],
    ['length', '.5'],
    ['length', '5.'],
    ['length', '+1'],
    ['length', '1e'],
    ['length', '--1'],
    ['length', '1e999'],
    ['length', '2e9'],
    ['length', '-31'],
    ['length', 'NaN'],
    ['length', 'null'],
    ['length', '"1"'],
    ['length', 'true'],
    ['width', '3.5e38'],
    ['petals', '1.5'],
    ['petals', '9007199254740993'],
    ['petals', '-6'],
    ['wild', '1'],
    ['wild', 'null'],
    ['wild', 'truer'],
    ['colour', '"blue"'],
    ['colour', '"re"'],
    ['colour', '"re\\u0064"'],
    ['note', '"a\\nb"'],
    ['note', '"a\nb"'],
    ['note', '"thirteen char"'],
    ['note', 'nul'],
  ])('leaves %s: %s to the careful reader', (name, written) => {
    expect(readQuickly(withCell(name, written))).toBeUndefined();
  });

  it.each([
    ['no rows', bodyOf([])],
    ['more rows than are answered', bodyOf(new Array(mostRows + 1).fill(row))],
    ['a name that is no feature', bodyOf([{ ...row, other: 1 }])],
    ['a name twice', bytes(JSON.stringify({ rows: [row] }).replace('"tame"', '"wild"'))],
    ['a feature that is not there', bodyOf([{ ...row, length: undefined }])],
    ['something beside the rows', bytes(`{"rows":[${JSON.stringify(row)}],"more":1}`)],
    ['something behind the rows', bytes(`{"rows":[${JSON.stringify(row)}]}x`)],
    ['a comma too many', bytes(`{"rows":[${JSON.stringify(row)},]}`)],
    ['a body that ends early', bodyOf([row]).subarray(0, 60)],
    ['nothing', new Uint8Array()],
    ['bytes that are no UTF-8', bytes(JSON.stringify({ rows: [row] })).map((b) => (b === 0xc3 ? 0xff : b))],
  ])('leaves %s to the careful reader', (_, body) => {
    expect(readQuickly(body)).toBeUndefined();
  });

  it('reads, or leaves, what the careful reader reads, whatever the body', () => {
    const cell = fc.oneof(
      fc.double(),
      fc.integer(),
      fc.boolean(),
      fc.constantFrom(null, 'red', 'größe', 'a"b', '', 'note'),
      fc.string({ maxLength: 14, unit: 'binary' }),
    );
    const fitting = fc.record(
      {
        length: fc.double({ min: -30, max: 1e9, noNaN: true }),
        width: fc.option(fc.float({ noNaN: true, noDefaultInfinity: true })),
        petals: fc.integer({ min: -5 }),
        wild: fc.boolean(),
        tame: fc.option(fc.boolean()),
        colour: fc.constantFrom('red', 'rot', 'größe', null),
        note: fc.string({ maxLength: 12 }),
      },
      { requiredKeys: ['length', 'petals', 'wild'] },
    );
    const odd = fc.dictionary(fc.constantFrom(...Object.keys(row), 'other'), cell);
    const edit = fc.record({ at: fc.nat(), byte: fc.nat(255), isEdited: fc.boolean() });
    let read = 0;
    fc.assert(
      fc.property(
        fc.array(fc.oneof({ weight: 4, arbitrary: fitting }, odd), { maxLength: 6 }),
        fc.constantFrom('', ' ', '\t'),
        edit,
        (rows, space, { at, byte, isEdited }) => {
          const body = bodyOf(rows, space);
          if (isEdited) body[at % body.length] = byte;
          if (expectSame(body)) read += 1;
        },
      ),
      { numRuns: 3000 },
    );
    expect(read).toBeGreaterThan(300);
  });

  it('learns no order that another body would stumble over', () => {
    const reversed = bodyOf([Object.fromEntries(Object.entries(row).reverse())]);
    for (const body of [reversed, bodyOf([row]), withCell('length', 'x'), bodyOf([row]), reversed]) {
      const isRead = expectSame(body);
      expect(isRead).toBe(body.indexOf(0x78) === -1);
    }
  });

  it('leaves models alone whose names or categories need escapes or a search', () => {
    const many = Array.from({ length: 33 }, (_, place) => `c${place}`);
    const large = defineModel({
      ...definition,
      features: { colour: { type: 'category', categories: many } },
    });
    expect(compileQuickReader(large, 5)(bytes('{"rows":[{"colour":"c1"}]}'))).toBeUndefined();
  });
});
