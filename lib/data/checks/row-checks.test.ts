import { DOUBLE, INTEGER, VARCHAR } from '@duckdb/node-api';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { comparisonsOf } from '../../model/conditions.ts';
import { dataPolicy } from '../../model/data-policy.ts';
import { type Column, columnsOf } from '../columns.ts';
import { parameterTypes, select, withWorkspace } from '../database.duckdb.ts';
import { aDefinition } from '../fixtures/validation.ts';
import { compileRowChecks } from './row-checks.ts';

const [template] = columnsOf(aDefinition());

/** Two numbers and two texts, whatever they are called. */
function aTable(names: string[]): Column[] {
  if (!template) throw new Error('the definition has no column');
  return names.map((name, place) => ({
    ...template,
    name,
    key: `c${place}`,
    type: place < 2 ? 'number' : 'text',
  }));
}

type Row = (string | number | null)[];

/** Which of the rows break each check. */
async function breaches(columns: Column[], checks: unknown, rows: Row[]): Promise<boolean[][]> {
  const { checks: compiled, values } = compileRowChecks(dataPolicy.parse({ checks }), columns);
  return withWorkspace('1GB', async ({ connection }) => {
    await connection.run('CREATE TEMP TABLE t (row INTEGER, v0 DOUBLE, v1 DOUBLE, v2 VARCHAR, v3 VARCHAR)');
    const insert = await connection.prepare('INSERT INTO t VALUES ($1, $2, $3, $4, $5)');
    for (const [place, row] of rows.entries()) {
      insert.bind([place, ...row], [INTEGER, DOUBLE, DOUBLE, VARCHAR, VARCHAR]);
      await insert.run();
    }
    const flags = compiled.map(({ breach }, place) => `${breach} AS x${place}`);
    await connection.run(
      `CREATE TEMP TABLE found AS SELECT row, ${flags.join(', ')} FROM t`,
      values,
      parameterTypes(values),
    );
    const found = await select(
      connection,
      `SELECT [${compiled.map((_, place) => `x${place}`).join(', ')}] AS flags FROM found ORDER BY row`,
      z.object({ flags: z.array(z.boolean()) }),
    );
    return found.map(({ flags: each }) => each);
  });
}

const hostile = fc.oneof(
  fc
    .string({ unit: 'binary', minLength: 1, maxLength: 12 })
    .filter((text) => !text.includes('\0') && text.isWellFormed()),
  fc.constantFrom(`"; DROP TABLE t; --`, `' OR '1'='1`, '$1', 'v0', '__proto__', '%s', '\\', `a"b'c`),
);
const number = fc.oneof(fc.integer({ min: -3, max: 3 }), fc.double({ noNaN: true, noDefaultInfinity: true }));
const cellNumber = fc.option(number);
const cellText = fc.option(hostile);
const order = fc.constantFrom('<', '<=', '=', '!=', '>=', '>');

/** What a comparison says in JavaScript: null where a value is missing. */
function holds(asked: z.infer<typeof comparison>, row: Map<string, string | number | null>): boolean | null {
  const left = row.get(asked.column) ?? null;
  if (asked.is === 'missing') return left === null;
  if (asked.is === 'present') return left !== null;
  if (left === null) return null;
  if ('values' in asked) return asked.values.includes(left) === (asked.is === 'in');
  const right =
    'otherColumn' in asked ? (row.get(asked.otherColumn) ?? null) : 'value' in asked ? asked.value : null;
  if (right === null) return null;
  const compared =
    typeof left === 'string'
      ? Buffer.compare(Buffer.from(left), Buffer.from(String(right)))
      : left - Number(right);
  // A difference of two numbers may round to 0.
  const sign =
    typeof left === 'number' && left === right
      ? 0
      : typeof left === 'number' && compared === 0
        ? left < Number(right)
          ? -1
          : 1
        : compared;
  const said = {
    '<': sign < 0,
    '<=': sign <= 0,
    '=': sign === 0,
    '!=': sign !== 0,
    '>=': sign >= 0,
    '>': sign > 0,
  };
  return said[asked.is];
}

const comparison = z.union([
  z.object({ column: z.string(), is: z.enum(['<', '<=', '=', '!=', '>=', '>']), otherColumn: z.string() }),
  z.object({
    column: z.string(),
    is: z.enum(['<', '<=', '=', '!=', '>=', '>']),
    value: z.union([z.string(), z.number()]),
  }),
  z.object({
    column: z.string(),
    is: z.enum(['in', 'not in']),
    values: z.array(z.union([z.string(), z.number()])),
  }),
  z.object({ column: z.string(), is: z.enum(['missing', 'present']) }),
]);

describe('compileRowChecks', () => {
  it('says of each row what the comparison says, whatever names and values there are', async () => {
    const names = fc.uniqueArray(hostile, { minLength: 4, maxLength: 4 });
    const cases = names.chain((columns) => {
      const [a = '', b = '', c = '', d = ''] = columns;
      const asked = fc.oneof(
        fc.record({ column: fc.constant(a), is: order, otherColumn: fc.constant(b) }),
        fc.record({ column: fc.constant(c), is: order, otherColumn: fc.constant(d) }),
        fc.record({ column: fc.constantFrom(a, b), is: order, value: number }),
        fc.record({ column: fc.constantFrom(c, d), is: order, value: hostile }),
        fc.record({
          column: fc.constant(c),
          is: fc.constantFrom('in', 'not in'),
          values: fc.array(hostile, { minLength: 1, maxLength: 3 }),
        }),
        fc.record({ column: fc.constantFrom(...columns), is: fc.constantFrom('missing', 'present') }),
      );
      const several = fc.array(asked, { minLength: 1, maxLength: 3 });
      const condition = fc.oneof(
        asked,
        several.map((all) => ({ all })),
        several.map((any) => ({ any })),
      );
      return fc.record({
        columns: fc.constant(columns),
        when: fc.option(condition, { nil: undefined }),
        must: condition,
        rows: fc.array(fc.tuple(cellNumber, cellNumber, cellText, cellText), { minLength: 1, maxLength: 6 }),
      });
    });
    await fc.assert(
      fc.asyncProperty(cases, async ({ columns, when, must, rows }) => {
        const found = await breaches(aTable(columns), { rules: [{ name: 'r', when, must }] }, rows);
        const judge = (condition: unknown, row: Map<string, string | number | null>) => {
          const { isAny, comparisons } = comparisonsOf(
            dataPolicy.parse({ checks: { rules: [{ name: 'r', must: condition }] } }).checks.rules[0]
              ?.must ?? { all: [] },
          );
          const said = comparisons.map((each) => holds(comparison.parse(each), row));
          if (isAny) return said.includes(true) ? true : said.includes(null) ? null : false;
          return said.includes(false) ? false : said.includes(null) ? null : true;
        };
        const expected = rows.map((cells) => {
          const row = new Map(columns.map((name, place) => [name, cells[place] ?? null]));
          return (when === undefined || judge(when, row) === true) && judge(must, row) === false;
        });
        expect(found.map(([breach]) => breach)).toEqual(expected);
      }),
      { numRuns: 150 },
    );
  }, 60_000);

  it('puts no text of a definition into a statement', () => {
    fc.assert(
      fc.property(hostile, hostile, (name, value) => {
        const columns = aTable([`${name}1`, `${name}2`, `${name}3`, `${name}4`]);
        const { checks } = compileRowChecks(
          dataPolicy.parse({
            checks: {
              patterns: [{ column: `${name}3`, pattern: 'x' }],
              rules: [{ name: value, must: { column: `${name}4`, is: '=', value } }],
            },
          }),
          columns,
        );
        for (const { breach } of checks) {
          expect(breach).toMatch(/^coalesce\([a-zA-Z0-9_ ,()$=]+\)$/);
        }
      }),
    );
  });

  it('holds whole texts against a pattern, and lets missing ones be', async () => {
    const checks = { patterns: [{ column: 'c', pattern: '[A-Z]{2}[0-9]+' }] };
    const rows = ['AB1', 'xAB1', 'AB1\n', '', null].map((text): Row => [1, 1, text, null]);
    expect(await breaches(aTable(['a', 'b', 'c', 'd']), checks, rows)).toEqual([
      [false],
      [true],
      [true],
      [true],
      [false],
    ]);
  });

  it('leaves out what is off, and refuses a column that is not read', () => {
    const columns = aTable(['a', 'b', 'c', 'd']);
    const rule = { name: 'r', must: { column: 'nowhere', is: 'present' } };
    expect(
      compileRowChecks(dataPolicy.parse({ checks: { rules: [{ ...rule, action: 'off' }] } }), columns).checks,
    ).toEqual([]);
    expect(() => compileRowChecks(dataPolicy.parse({ checks: { rules: [rule] } }), columns)).toThrow(
      'a check names the column nowhere, which the model does not read',
    );
  });
});
