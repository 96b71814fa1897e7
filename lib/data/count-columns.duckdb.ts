import type { DuckDBConnection } from '@duckdb/node-api';
import * as z from 'zod';
import type { Column } from './columns.ts';
import { select } from './database.duckdb.ts';
import type { ColumnProfile } from './dataset.ts';
import { histogramSql } from './profile.duckdb.ts';
import { definedCategories, edgesOf, keepCategories, profileKind, tenths } from './profile.ts';
import { padded } from './profile-counts.ts';

/** A column with its place in the table. */
interface Placed {
  column: Column;
  place: number;
}

/** Exact deciles keep the values of a column in memory: those of so many columns at a time. */
const decilesAtATime = 4;

/** SQL of the number that is put into bins: a value, or the length of a text. */
const numberSql = ({ column, place }: Placed) =>
  profileKind(column) === 'text' ? `length(v${place})` : `v${place}`;

/**
 * Counts the columns of a table into bins: deciles first where none are given, then everything at once. Means and
 * extremes are not counted, since no comparison needs them.
 *
 * @param from A table or query with the columns' values as v0, v1, …
 * @param frozen Profiles whose bins and categories are used, by column.
 */
export async function countColumns(
  connection: DuckDBConnection,
  from: string,
  columns: readonly Column[],
  frozen: Readonly<Record<string, ColumnProfile>> | undefined,
  onProgress: (share: number) => void,
): Promise<{ rows: number; profiles: Record<string, ColumnProfile> }> {
  const placed = columns.map((column, place) => ({ column, place }));
  const isCategorical = ({ column }: Placed) => profileKind(column) === 'categorical';
  const numbers = placed.filter((each) => !isCategorical(each));
  const edges = await edgesFor(connection, from, numbers, frozen, (share) => onProgress(share * 0.6));
  const binned = await countNumbers(connection, from, numbers, edges);
  onProgress(0.9);
  const grouped = placed.filter(isCategorical);
  const categories = await countCategories(connection, from, grouped, frozen, binned.rows);
  onProgress(1);
  return {
    rows: binned.rows,
    profiles: Object.fromEntries(
      columns.flatMap(({ name }) => {
        const found = binned.profiles.get(name) ?? categories.get(name);
        return found ? [[name, found]] : [];
      }),
    ),
  };
}

const deciles = z.record(z.string(), z.array(z.number()).nullable());

async function edgesFor(
  connection: DuckDBConnection,
  from: string,
  numbers: readonly Placed[],
  frozen: Readonly<Record<string, ColumnProfile>> | undefined,
  onProgress: (share: number) => void,
): Promise<Map<string, number[]>> {
  const edges = new Map<string, number[]>();
  const list = tenths.map((tenth) => tenth / 10).join(', ');
  if (frozen) {
    for (const { column } of numbers) {
      const known = frozen[column.name];
      if (known && known.type !== 'categorical') edges.set(column.name, known.edges);
    }
    return edges;
  }
  for (let first = 0; first < numbers.length; first += decilesAtATime) {
    const some = numbers.slice(first, first + decilesAtATime);
    const asked = some.map((each) => `quantile_disc(${numberSql(each)}, [${list}]) AS d${each.place}`);
    const [found] = await select(connection, `SELECT ${asked.join(', ')} FROM ${from}`, deciles);
    for (const { column, place } of some) edges.set(column.name, edgesOf(found?.[`d${place}`] ?? []));
    onProgress(Math.min(1, (first + decilesAtATime) / numbers.length));
  }
  return edges;
}

const counts = z.record(z.string(), z.union([z.number(), z.array(z.number())]).nullable());

async function countNumbers(
  connection: DuckDBConnection,
  from: string,
  numbers: readonly Placed[],
  edges: ReadonlyMap<string, readonly number[]>,
): Promise<{ rows: number; profiles: Map<string, ColumnProfile> }> {
  const known = numbers.flatMap((each) => {
    const found = edges.get(each.column.name);
    return found ? [{ ...each, edges: found }] : [];
  });
  const asked = known.map((each) => {
    const number = numberSql(each);
    return `, count(${number}) AS n${each.place}, ${histogramSql(number, each.edges)} AS h${each.place}`;
  });
  const [found] = await select(connection, `SELECT count(*) AS rows${asked.join('')} FROM ${from}`, counts);
  const rows = Number(found?.rows ?? 0);
  const profiles = new Map(
    known.map(({ column, place, edges: of }): [string, ColumnProfile] => {
      const count = Number(found?.[`n${place}`] ?? 0);
      const binned = { edges: [...of], counts: padded(found?.[`h${place}`], of.length + 1) };
      const counted = { count, missing: rows - count, ...binned };
      const moments = { mean: null, standardDeviation: null, min: null, max: null };
      return [
        column.name,
        profileKind(column) === 'text'
          ? { type: 'text', ...counted }
          : { type: 'numeric', ...moments, ...counted },
      ];
    }),
  );
  return { rows, profiles };
}

/** One grouping for each column: its values come from the file once, and the others' not at all. */
async function countCategories(
  connection: DuckDBConnection,
  from: string,
  categories: readonly Placed[],
  frozen: Readonly<Record<string, ColumnProfile>> | undefined,
  rows: number,
): Promise<Map<string, ColumnProfile>> {
  if (categories.length === 0) return new Map();
  const groups = categories.map(
    ({ place }) =>
      `SELECT ${place} AS place, CAST(v${place} AS VARCHAR) AS value, count(*) AS count FROM ${from} WHERE v${place} IS NOT NULL GROUP BY ALL`,
  );
  const found = await select(
    connection,
    groups.join(' UNION ALL '),
    z.object({ place: z.number(), value: z.string(), count: z.number() }),
  );
  const byPlace = Map.groupBy(found, ({ place }) => place);
  return new Map(
    categories.map(({ column, place }): [string, ColumnProfile] => {
      const counted = new Map(definedCategories(column).map((name) => [name, 0]));
      let count = 0;
      for (const each of byPlace.get(place) ?? []) {
        counted.set(each.value, each.count);
        count += each.count;
      }
      const known = frozen?.[column.name];
      const keep = known?.type === 'categorical' ? Object.keys(known.counts) : undefined;
      return [
        column.name,
        { type: 'categorical', count, missing: rows - count, ...keepCategories(counted, keep) },
      ];
    }),
  );
}
