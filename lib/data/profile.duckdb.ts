import type { DuckDBConnection } from '@duckdb/node-api';
import * as z from 'zod';
import { type Column, dataColumns } from './columns.ts';
import { inTurn, select } from './database.duckdb.ts';
import type { ColumnProfile } from './dataset.ts';
import { edgesOf, profileKind, tenths } from './profile.ts';
import {
  bookBins,
  bookCategories,
  type CountedValue,
  type Measurement,
  measurementOf,
  type PartCounts,
  type PlacedColumn,
  planBins,
  type Summary,
} from './profile-counts.ts';

interface Measured extends PlacedColumn {
  /** SQL of the number that is put into bins. */
  number: string;
}

/** How the rows of a table are parted while they are counted, as SQL over it. */
export interface Parts {
  isTrain: string;
  half: string;
  /** The class of a row; undefined leaves them together. A numeric target is parted by its tenths. */
  target?: { place: number; isNumber: boolean };
}

const whole: Parts = { isTrain: 'true', half: 'false' };

/**
 * Profiles columns of a table with the rules of profile.ts, without taking its rows into memory, and counts them by
 * class on the way: one scan for moments, some for deciles, one for all bins, one for each categorical column.
 *
 * @param from A table or query with the columns' values as v0, v1, …
 * @param otherEdges Edges of other profiles, by column, over which the train rows are counted as well.
 */
export async function measureTable(
  connection: DuckDBConnection,
  from: string,
  columns: readonly Column[],
  parts: Parts = whole,
  otherEdges: ReadonlyMap<string, readonly number[]> = new Map(),
): Promise<Measurement> {
  const all = dataColumns(columns).map((column) => {
    const place = columns.indexOf(column);
    return { column, place, number: profileKind(column) === 'text' ? `length(v${place})` : `v${place}` };
  });
  const isCategorical = ({ column }: Measured) => profileKind(column) === 'categorical';
  const binned = all.filter((each) => !isCategorical(each));
  const summaries = await summarise(connection, from, binned, parts);
  const tenthsOfTarget = parts.target?.isNumber
    ? edgesOf(summaries.get(columns[parts.target.place]?.name ?? '')?.deciles ?? [])
    : undefined;
  const grouped = `(SELECT *, ${groupSql(parts, tenthsOfTarget)} AS part, (${parts.isTrain}) AS train, (${parts.half}) AS half FROM ${from})`;
  const bins = await countBinned(connection, grouped, binned, summaries, otherEdges);
  const categories = await countCategories(connection, grouped, all.filter(isCategorical));
  return measurementOf(all, summaries, bins, categories);
}

/** Profiles columns of a whole table. */
export async function profileTable(
  connection: DuckDBConnection,
  from: string,
  columns: readonly Column[],
): Promise<Record<string, ColumnProfile>> {
  return (await measureTable(connection, from, columns)).profiles;
}

function groupSql({ target }: Parts, tenthsOfTarget: readonly number[] | undefined): string {
  if (!target) return `''`;
  const value = `v${target.place}`;
  if (!tenthsOfTarget) return value;
  const whens = tenthsOfTarget.map((edge, bin) => `WHEN ${value} <= ${edge.toExponential()} THEN '${bin}'`);
  return whens.length === 0 ? `''` : `CASE ${whens.join(' ')} ELSE '${whens.length}' END`;
}

const moments = z.object({
  count: z.number(),
  missing: z.number(),
  mean: z.number().nullable(),
  deviation: z.number().nullable(),
  min: z.number().nullable(),
  max: z.number().nullable(),
  correlation: z.number().nullable(),
  /** Rows with both the number and the target. */
  pairs: z.number(),
});

async function summarise(
  connection: DuckDBConnection,
  from: string,
  measured: readonly Measured[],
  { isTrain, target }: Parts,
): Promise<Map<string, Summary>> {
  if (measured.length === 0) return new Map();
  const correlation = ({ place, number }: Measured) => {
    if (!target?.isNumber || place === target.place) return 'correlation: NULL, pairs: 0';
    const pair = `${number}, v${target.place}`;
    return `correlation: CASE WHEN isfinite(corr(${pair})) THEN corr(${pair}) END, pairs: regr_count(${pair})`;
  };
  const summaries = measured.map(
    (each) =>
      `{count: count(${each.number}), missing: count(*) - count(${each.number}), mean: avg(${each.number}),
        deviation: stddev_samp(${each.number}), min: min(${each.number}), max: max(${each.number}),
        ${correlation(each)}} AS p${each.place}`,
  );
  const [summary] = await select(
    connection,
    `SELECT ${summaries.join(', ')}, {turns: max(turn)} AS turns FROM ${inTurn(from)} WHERE ${isTrain}`,
    z.object({ turns: z.object({ turns: z.number().nullable() }) }).catchall(moments),
  );
  const turns = summary?.turns.turns ?? 0;
  const deciles = await decilesOf(connection, from, measured, isTrain, turns);
  return new Map(
    measured.flatMap(({ column, place }) => {
      const found = summary?.[`p${place}`];
      return found ? [[column.name, { ...found, deciles: deciles.get(place) ?? null }]] : [];
    }),
  );
}

/** Values that are in memory for their deciles, beside what the database may have: 128 MB, and as much while they gather. */
const valuesAtATime = 1 << 24;

/** Exact deciles by place, of as many columns at a time as there is room for. */
async function decilesOf(
  connection: DuckDBConnection,
  from: string,
  measured: readonly Measured[],
  isTrain: string,
  rows: number,
): Promise<Map<number, number[] | null>> {
  const list = tenths.map((tenth) => tenth / 10).join(', ');
  const deciles = new Map<number, number[] | null>();
  const atATime = Math.max(1, Math.floor(valuesAtATime / Math.max(1, rows)));
  for (let first = 0; first < measured.length; first += atATime) {
    const some = measured.slice(first, first + atATime);
    const asked = some.map((each) => `quantile_disc(${each.number}, [${list}]) AS p${each.place}`);
    const [found] = await select(
      connection,
      `SELECT ${asked.join(', ')}, [max(turn)] AS turns FROM ${inTurn(from)} WHERE ${isTrain}`,
      z.record(z.string(), z.array(z.number()).nullable()),
    );
    for (const { place } of some) deciles.set(place, found?.[`p${place}`] ?? null);
  }
  return deciles;
}

const counted = z.record(
  z.string(),
  z.union([z.string(), z.boolean(), z.number(), z.array(z.number())]).nullable(),
);

async function countBinned(
  connection: DuckDBConnection,
  grouped: string,
  measured: readonly Measured[],
  summaries: ReadonlyMap<string, Summary>,
  otherEdges: ReadonlyMap<string, readonly number[]>,
): Promise<ReturnType<typeof bookBins>> {
  if (measured.length === 0) return bookBins([], []);
  const planned = measured.map((each) => ({
    ...planBins(each, summaries.get(each.column.name), otherEdges.get(each.column.name)),
    number: each.number,
  }));
  const histograms = planned.flatMap(({ place, number, fine, others }) => [
    `, count(${number}) AS n${place}, ${histogramSql(number, fine)} AS h${place}`,
    ...(others ? [`, ${histogramSql(number, others, 'FILTER (train)')} AS o${place}`] : []),
  ]);
  const rows = await select(
    connection,
    `SELECT part, train, half, count(*) AS rows${histograms.join('')} FROM ${grouped} GROUP BY part, train, half ORDER BY part, train, half`,
    counted,
  );
  const parts = rows.map(
    (row): PartCounts => ({
      part: String(row.part),
      train: row.train === true,
      half: row.half === true,
      rows: Number(row.rows),
      columns: new Map(
        planned.map(({ place }) => [
          place,
          {
            filled: Number(row[`n${place}`]),
            fine: numbersOf(row[`h${place}`]),
            others: numbersOf(row[`o${place}`]),
          },
        ]),
      ),
    }),
  );
  return bookBins(planned, parts);
}

function numbersOf(found: unknown): number[] {
  return Array.isArray(found) ? found.map(Number) : [];
}

export function histogramSql(number: string, edges: readonly number[], filter = ''): string {
  const all = [...edges.map((edge) => edge.toExponential()), `'infinity'::DOUBLE`];
  return `map_values(histogram(CAST(${number} AS DOUBLE), [${all.join(', ')}]) ${filter})`;
}

async function countCategories(
  connection: DuckDBConnection,
  grouped: string,
  measured: readonly Measured[],
): Promise<ReturnType<typeof bookCategories>> {
  if (measured.length === 0) return bookCategories([], []);
  const counts = measured.map(
    ({ place }) =>
      `SELECT ${place} AS place, CAST(v${place} AS VARCHAR) AS value, CAST(part AS VARCHAR) AS part, train, half, count(*) AS count FROM ${grouped} GROUP BY ALL`,
  );
  const found: CountedValue[] = await select(
    connection,
    `${counts.join(' UNION ALL ')} ORDER BY ALL`,
    z.object({
      place: z.number(),
      value: z.string().nullable(),
      part: z.string().nullable(),
      train: z.boolean(),
      half: z.boolean(),
      count: z.number(),
    }),
  );
  return bookCategories(measured, found);
}
