import type { DuckDBConnection } from '@duckdb/node-api';
import { z } from 'zod';
import { sqlTypes } from './cell-sql.ts';
import { type Column, dataColumns } from './columns.ts';
import { select } from './database.duckdb.ts';
import type { Problem } from './dataset.ts';
import { type BrokenRule, brokenRule, describeProblem } from './problem-message.ts';
import type { SourceTable } from './source.duckdb.ts';

/** A row that is kept out: what is wrong with it, and its cells as they stood. */
export interface BadRow {
  line: number;
  problems: Problem[];
  cells: Record<string, string | null> | null;
}

export interface CheckedRows {
  read: number;
  bad: number;
  badRows: BadRow[];
  missing: Map<string, number>;
  problems: { column: Column; rule: BrokenRule; count: number }[];
}

const shownCharacters = 200;

/**
 * Reads the source once into the table `checked`: line, typed value, broken rule and text of each column.
 *
 * @param keptBad Bad rows that are handed back, in order of line; all are counted.
 */
export async function checkRows(
  connection: DuckDBConnection,
  source: SourceTable,
  columns: readonly Column[],
  keptBad: number,
): Promise<CheckedRows> {
  const places = columns.map((_, place) => place);
  const cells = source.cells.map(
    ({ shown, value, rule }, place) => `${shown} AS s${place}, ${value} AS v${place}, ${rule} AS r${place}`,
  );
  const isBad = places.map((place) => `r${place} IS NOT NULL`).join(' OR ');
  const kept = columns.map(
    ({ type }, place) =>
      `CAST(v${place} AS ${sqlTypes[type]}) AS v${place}, r${place}, CASE WHEN bad THEN left(s${place}, ${shownCharacters}) END AS s${place}`,
  );
  await connection.run(
    `CREATE TEMP TABLE checked AS
     SELECT line, bad, ${kept.join(', ')}
     FROM (SELECT *, (${isBad}) AS bad FROM (SELECT line, ${cells.join(', ')} FROM ${source.from}))`,
  );

  const missing = places.map(
    (place) =>
      `count(*) FILTER (r${place} = 'missing' OR (r${place} IS NULL AND v${place} IS NULL)) AS m${place}`,
  );
  const [totals] = await select(
    connection,
    `SELECT count(*) AS read, count(*) FILTER (bad) AS bad, ${missing.join(', ')} FROM checked`,
    z.record(z.string(), z.number()),
  );
  const checked: CheckedRows = {
    read: totals?.read ?? 0,
    bad: totals?.bad ?? 0,
    badRows: [],
    missing: new Map(columns.map(({ name }, place) => [name, totals?.[`m${place}`] ?? 0])),
    problems: [],
  };
  if (checked.bad > 0) {
    checked.problems = await countProblems(connection, columns);
    checked.badRows = await readBadRows(connection, columns, keptBad);
  }
  return checked;
}

async function countProblems(
  connection: DuckDBConnection,
  columns: readonly Column[],
): Promise<CheckedRows['problems']> {
  const rules = columns.map((_, place) => `r${place}`).join(', ');
  const counted = await select(
    connection,
    `SELECT place, rule, count(*) AS count
     FROM (SELECT unnest(range(${columns.length})) AS place, unnest([${rules}]) AS rule FROM checked WHERE bad)
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
  limit: number,
): Promise<BadRow[]> {
  const rules = columns.map((_, place) => `r${place}`).join(', ');
  const shown = columns.map((_, place) => `s${place}`).join(', ');
  const rows = await select(
    connection,
    `SELECT line, [${rules}] AS rules, [${shown}] AS shown FROM checked WHERE bad ORDER BY line LIMIT ${limit}`,
    z.object({
      line: z.number(),
      rules: z.array(brokenRule.nullable()),
      shown: z.array(z.string().nullable()),
    }),
  );
  return rows.map(({ line, rules: broken, shown: texts }) => ({
    line,
    problems: columns.flatMap((column, place) => {
      const rule = broken[place];
      return rule ? [describeProblem(line, column, rule, texts[place] ?? null)] : [];
    }),
    cells: Object.fromEntries(columns.map(({ name }, place) => [name, texts[place] ?? null])),
  }));
}

/**
 * Turns `checked` into `good`: rows in which nothing is wrong, each with its number among its exact copies.
 *
 * @returns How many rows are copies of an earlier one.
 */
export async function findCopies(connection: DuckDBConnection, columns: readonly Column[]): Promise<number> {
  const identifying = columns.filter(({ identifies }) => identifies);
  // With identity columns two equal rows of different identity are two observations, not copies.
  const compared = [...new Set([...dataColumns(columns), ...identifying])];
  const values = columns.map((_, place) => `v${place}`).join(', ');
  const same = compared.map((column) => `v${columns.indexOf(column)}`).join(', ');
  await connection.run(
    `CREATE TEMP TABLE good AS
     SELECT line, ${values}, row_number() OVER (PARTITION BY ${same} ORDER BY line) AS copy
     FROM checked WHERE NOT bad`,
  );
  // A large file fills memory and then the disk: keep one copy of the rows.
  await connection.run('DROP TABLE checked');
  const [counted] = await select(
    connection,
    'SELECT count(*) FILTER (copy > 1) AS copies FROM good',
    z.object({ copies: z.number() }),
  );
  return counted?.copies ?? 0;
}
