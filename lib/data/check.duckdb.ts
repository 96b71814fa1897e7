import type { DuckDBConnection } from '@duckdb/node-api';
import * as z from 'zod';
import type { DataPolicy } from '../model/data-policy.ts';
import { type BadRow, describeBadRow, foundBadRow } from './bad-row.ts';
import { greatestNumber, sqlTypes } from './cell-sql.ts';
import type { RowChecks } from './checks/row-checks.ts';
import { type Column, dataColumns } from './columns.ts';
import { inTurn, parameterTypes, select } from './database.duckdb.ts';
import { disguiseSql } from './privacy/disguise-sql.ts';
import { type BrokenRule, brokenRule } from './problem-message.ts';
import type { SourceTable } from './source.duckdb.ts';

export interface CheckedRows {
  read: number;
  bad: number;
  badRows: BadRow[];
  missing: Map<string, number>;
  problems: { column: Column; rule: BrokenRule; count: number }[];
  /** Cells that were written anew, by column: another spelling or unit. */
  normalised: { column: Column; count: number }[];
  /** Personal texts that were hashed or masked, by column. */
  disguised: { column: Column; count: number }[];
  /** Of each row check, in their order: rows that break it, and the line of the first. */
  rowChecks: { count: number; firstLine: number | null }[];
  /** Of each column, before any row is left out: the least, greatest and mean of its numbers. */
  before: Map<string, { min: number | null; max: number | null; mean: number | null }>;
}

const shownCharacters = 200;

/** True of a cell of `checked` that is missing; one that has no value for another reason has a rule that it breaks. */
export function isMissingSql(place: number): string {
  return `(v${place} IS NULL AND coalesce(rules[${place + 1}], 'missing') = 'missing')`;
}

/**
 * Reads the source once into the table `checked`: line, the typed value of each column, and of bad rows the rules that
 * they break and the texts that they hold, as lists in the order of the columns.
 *
 * @param keptBad Bad rows that are handed back, in order of line; all are counted.
 * @param hashKey What personal texts are hashed with; undefined leaves them as they are, for those who look for a person
 *   or only cut a file.
 * @param rowKey SQL over the values, which is kept as `key`.
 */
export async function checkRows(
  connection: DuckDBConnection,
  source: SourceTable,
  columns: readonly Column[],
  rowChecks: RowChecks,
  keptBad: number,
  hashKey?: Uint8Array,
  rowKey = 'NULL',
): Promise<CheckedRows> {
  const places = columns.map((_, place) => place);
  const read = source.cells.map(({ value }, place) => `, ${value} AS v${place}`).join('');
  const cells = source.cells.map(
    ({ shown, rule, changed }, place) =>
      `v${place}, ${shown} AS s${place}, ${rule(`v${place}`)} AS r${place}${changed ? `, ${changed} AS z${place}` : ''}`,
  );
  const changing = places.filter((place) => source.cells[place]?.changed !== undefined);
  // One call instead of a chain: DuckDB refuses expressions that are a thousand deep.
  const isBad = [
    `coalesce(${places.map((place) => `r${place}`).join(', ')}) IS NOT NULL`,
    ...rowChecks.checks.flatMap(({ action }, place) => (action === 'quarantine' ? [`x${place}`] : [])),
  ].join(' OR ');
  const breaches = rowChecks.checks.map(({ breach }, place) => `, ${breach} AS x${place}`).join('');
  const flags = [
    ...rowChecks.checks.map((_, place) => `, x${place}`),
    ...changing.map((place) => `, z${place}`),
  ].join('');
  const values = [...rowChecks.values];
  const parameter = (text: string) => {
    values.push(text);
    return `CAST($${values.length} AS VARCHAR)`;
  };
  const disguising = hashKey ? places.filter((place) => columns[place]?.disguise !== undefined) : [];
  const storedSql = ({ name, width, disguise }: Column, place: number) =>
    disguise && hashKey
      ? disguiseSql(`v${place}`, name, disguise, hashKey, parameter)
      : coarserSql(`v${place}`, width);
  const kept = columns.map(
    (column, place) => `CAST(${storedSql(column, place)} AS ${sqlTypes[column.type]}) AS v${place}`,
  );
  const rules = places.map((place) => `r${place}`);
  const shown = places.map((place) => `left(s${place}, ${shownCharacters})`);
  await connection.run(
    `CREATE TEMP TABLE checked AS
     SELECT *, ${rowKey} AS key
     FROM (SELECT line, bad${flags}, ${kept.join(', ')},
             CASE WHEN bad THEN [${rules.join(', ')}] END AS rules, CASE WHEN bad THEN [${shown.join(', ')}] END AS shown
           FROM (SELECT *, (${isBad}) AS bad FROM (SELECT *${breaches} FROM (SELECT line, ${cells.join(', ')} FROM (SELECT *${read} FROM ${source.from})))))`,
    values,
    parameterTypes(values),
  );

  // Of a row that is not bad what has no value is missing, and every number is finite: bad rows alone are looked into.
  const empty = places.map((place) => `, count(*) - count(v${place}) AS m${place}`);
  const otherwise = places.map(
    (place) => `, count(*) FILTER (v${place} IS NULL AND NOT ${isMissingSql(place)}) AS w${place}`,
  );
  const broken = rowChecks.checks.map(
    (_, place) => `, count(*) FILTER (x${place}) AS x${place}, min(line) FILTER (x${place}) AS l${place}`,
  );
  const numbers = columns.flatMap(({ type, role }, place) =>
    role !== 'identity' && (type === 'number' || type === 'integer') ? [place] : [],
  );
  const extremes = (of: (place: number) => string, names: string) =>
    numbers
      .map((place) => `, min(${of(place)}) AS ${names[0]}${place}, max(${of(place)}) AS ${names[1]}${place}`)
      .join('');
  const normalised = changing.map((place) => `, count(*) FILTER (z${place} AND NOT bad) AS z${place}`);
  const disguised = disguising.map(
    (place) => `, count(*) FILTER (v${place} IS NOT NULL AND NOT bad) AS d${place}`,
  );
  const [totals] = await select(
    connection,
    `SELECT * FROM
       (SELECT count(*) AS read${empty.join('')}${broken.join('')}${normalised.join('')}${disguised.join('')} FROM checked),
       (SELECT 0 AS good${extremes((place) => `v${place}`, 'ab')} FROM checked WHERE NOT bad),
       (SELECT count(*) AS bad${otherwise.join('')}${extremes(finiteSql, 'cd')} FROM checked WHERE bad),
       (SELECT ${numbers.map((place) => `avg(${finiteSql(place)}) AS e${place}, `).join('')}max(turn) AS turns FROM ${inTurn('checked')})`,
    z.record(z.string(), z.number().nullable()),
  );
  const checked: CheckedRows = {
    read: totals?.read ?? 0,
    bad: totals?.bad ?? 0,
    badRows: [],
    missing: new Map(
      columns.map(({ name }, place) => [name, (totals?.[`m${place}`] ?? 0) - (totals?.[`w${place}`] ?? 0)]),
    ),
    problems: [],
    normalised: changing.flatMap((place) => {
      const column = columns[place];
      return column ? [{ column, count: totals?.[`z${place}`] ?? 0 }] : [];
    }),
    disguised: disguising.flatMap((place) => {
      const column = columns[place];
      return column ? [{ column, count: totals?.[`d${place}`] ?? 0 }] : [];
    }),
    rowChecks: rowChecks.checks.map((_, place) => ({
      count: totals?.[`x${place}`] ?? 0,
      firstLine: totals?.[`l${place}`] ?? null,
    })),
    before: new Map(
      columns.map(({ name }, place) => {
        const found = (letters: string) =>
          [...letters].flatMap((letter) => totals?.[`${letter}${place}`] ?? []);
        const [mean = null] = found('e');
        const [least, greatest] = [found('ac'), found('bd')];
        return [
          name,
          {
            min: least.length > 0 ? Math.min(...least) : null,
            max: greatest.length > 0 ? Math.max(...greatest) : null,
            mean,
          },
        ];
      }),
    ),
  };
  if (checked.bad > 0) {
    checked.problems = await countProblems(connection, columns);
    checked.badRows = await readBadRows(connection, columns, rowChecks, keptBad);
  }
  return checked;
}

/** A number as {@link generalisedNumber} makes it; ranges and rules were held against the number itself. */
export function coarserSql(value: string, width: number | undefined): string {
  return width === undefined
    ? value
    : `floor(${value} / ${width.toExponential()}) * ${width.toExponential()}`;
}

/** A number of the file may be beyond what a model takes: it would hide all others. */
export function finiteSql(place: number): string {
  return `CASE WHEN abs(CAST(v${place} AS DOUBLE)) <= ${greatestNumber.toExponential()} THEN v${place} END`;
}

async function countProblems(
  connection: DuckDBConnection,
  columns: readonly Column[],
): Promise<CheckedRows['problems']> {
  const counted = await select(
    connection,
    `SELECT place, rule, count(*) AS count
     FROM (SELECT unnest(range(${columns.length})) AS place, unnest(rules) AS rule FROM checked WHERE bad)
     WHERE rule IS NOT NULL GROUP BY ALL ORDER BY ALL`,
    z.object({ place: z.number(), rule: brokenRule, count: z.number() }),
  );
  return counted.flatMap(({ place, rule, count }) => {
    const column = columns[place];
    return column ? [{ column, rule, count }] : [];
  });
}

async function readBadRows(
  connection: DuckDBConnection,
  columns: readonly Column[],
  { checks }: RowChecks,
  limit: number,
): Promise<BadRow[]> {
  const flags = checks.map((_, place) => `x${place}`).join(', ');
  const rows = await select(
    connection,
    `SELECT line, rules, shown, [${flags}]::BOOLEAN[] AS flags FROM checked WHERE bad ORDER BY line LIMIT ${limit}`,
    foundBadRow,
  );
  return rows.map((row) => describeBadRow(row, columns, checks));
}

/** Rows that repeat others. */
export interface Copies {
  /** Exact copies of an earlier row. */
  exact: number;
  /** Rows of an identity that a definition keeps another row of, exact copies not counted. */
  ofKey: number;
}

/** False when no two good rows are alike: to number the copies of each takes five times as long as to see that. */
async function mayRepeat(connection: DuckDBConnection, values: string): Promise<boolean> {
  const [counted] = await select(
    connection,
    `SELECT count(DISTINCT hash(${values})) < count(*) AS repeats FROM checked WHERE NOT bad`,
    z.object({ repeats: z.boolean() }),
  );
  return counted?.repeats ?? true;
}

/**
 * Makes the view `good` of `checked`: rows in which nothing is wrong, in the order of their lines, each with its number
 * among its exact copies and, when one row of an identity is kept, its number among those.
 */
export async function findCopies(
  connection: DuckDBConnection,
  columns: readonly Column[],
  keyDuplicates: DataPolicy['keyDuplicates'],
): Promise<Copies> {
  const identifying = columns.filter(({ identifies }) => identifies);
  // With identity columns two equal rows of different identity are two observations, not copies.
  const compared = [...new Set([...dataColumns(columns), ...identifying])];
  const values = columns.map((_, place) => `v${place}`).join(', ');
  const list = (some: readonly Column[]) => some.map((column) => `v${columns.indexOf(column)}`).join(', ');
  const repeats = await mayRepeat(connection, list(compared));
  const isKeyed = keyDuplicates !== 'keep' && identifying.length > 0;
  if (!repeats && !isKeyed) {
    await connection.run(
      `CREATE TEMP VIEW good AS SELECT line, key, ${values}, 1 AS copy, 1 AS keyed FROM checked WHERE NOT bad`,
    );
    return { exact: 0, ofKey: 0 };
  }
  const copy = repeats ? `row_number() OVER (PARTITION BY ${list(compared)} ORDER BY line)` : '1::BIGINT';
  const order = keyDuplicates === 'last' ? 'DESC' : '';
  // Copies are numbered apart, or the last row of an identity could be one that is dropped as a copy.
  const keyed = isKeyed
    ? `row_number() OVER (PARTITION BY ${list(identifying)}, copy > 1 ORDER BY line ${order})`
    : '1';
  await connection.run(
    `CREATE TEMP TABLE numbered AS
     SELECT *, ${keyed} AS keyed FROM (SELECT line, key, ${values}, ${copy} AS copy FROM checked WHERE NOT bad) ORDER BY line`,
  );
  // A large file fills memory and then the disk: keep one copy of the rows.
  await connection.run('DROP TABLE checked; CREATE TEMP VIEW good AS SELECT * FROM numbered');
  const [counted] = await select(
    connection,
    'SELECT count(*) FILTER (copy > 1) AS exact, count(*) FILTER (copy = 1 AND keyed > 1) AS keyed FROM good',
    z.object({ exact: z.number(), keyed: z.number() }),
  );
  return { exact: counted?.exact ?? 0, ofKey: counted?.keyed ?? 0 };
}
