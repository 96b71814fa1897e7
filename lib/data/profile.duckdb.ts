import type { DuckDBConnection } from '@duckdb/node-api';
import { z } from 'zod';
import { type Column, dataColumns } from './columns.ts';
import { select } from './database.duckdb.ts';
import type { ColumnProfile } from './dataset.ts';
import { definedCategories, edgesOf, keepCategories, profileKind, tenths } from './profile.ts';

interface Measured {
  column: Column;
  place: number;
  /** SQL of the number that is put into bins. */
  number: string;
}

/**
 * Profiles columns of a table with the rules of profile.ts, without taking its rows into memory.
 *
 * @param from A table or query with the columns' values as v0, v1, …
 */
export async function profileTable(
  connection: DuckDBConnection,
  from: string,
  columns: readonly Column[],
): Promise<Record<string, ColumnProfile>> {
  const all = dataColumns(columns).map((column) => {
    const place = columns.indexOf(column);
    return { column, place, number: profileKind(column) === 'text' ? `length(v${place})` : `v${place}` };
  });
  const binned = await profileBinned(
    connection,
    from,
    all.filter(({ column }) => profileKind(column) !== 'categorical'),
  );
  const categorical = await profileCategories(
    connection,
    from,
    all.filter(({ column }) => profileKind(column) === 'categorical'),
  );
  const profiles = new Map([...binned, ...categorical]);
  return Object.fromEntries(
    all.flatMap(({ column }) => {
      const profile = profiles.get(column.name);
      return profile ? [[column.name, profile]] : [];
    }),
  );
}

const moments = z.object({
  count: z.number(),
  missing: z.number(),
  mean: z.number().nullable(),
  deviation: z.number().nullable(),
  min: z.number().nullable(),
  max: z.number().nullable(),
  deciles: z.array(z.number()).nullable(),
});

async function profileBinned(
  connection: DuckDBConnection,
  from: string,
  measured: readonly Measured[],
): Promise<Map<string, ColumnProfile>> {
  const profiles = new Map<string, ColumnProfile>();
  if (measured.length === 0) return profiles;
  const list = tenths.map((tenth) => tenth / 10).join(', ');
  const summaries = measured.map(
    ({ place, number }) =>
      `{count: count(${number}), missing: count(*) - count(${number}), mean: avg(${number}),
        deviation: stddev_samp(${number}), min: min(${number}), max: max(${number}),
        deciles: quantile_disc(${number}, [${list}])} AS p${place}`,
  );
  const [summary] = await select(
    connection,
    `SELECT ${summaries.join(', ')} FROM ${from}`,
    z.record(z.string(), moments),
  );
  const edges = measured.map(({ place }) => edgesOf(summary?.[`p${place}`]?.deciles ?? []));
  const below = measured.map(({ place, number }, index) => {
    const counts = (edges[index] ?? []).map(
      (edge) => `count(*) FILTER (${number} <= ${edge.toExponential()})`,
    );
    return `[${[...counts, `count(${number})`].join(', ')}] AS p${place}`;
  });
  const [cumulative] = await select(
    connection,
    `SELECT ${below.join(', ')} FROM ${from}`,
    z.record(z.string(), z.array(z.number())),
  );
  for (const [index, { column, place }] of measured.entries()) {
    const found = summary?.[`p${place}`];
    if (!found) continue;
    const { count, missing, mean, deviation, min, max } = found;
    const upTo = cumulative?.[`p${place}`] ?? [];
    const bins = {
      edges: edges[index] ?? [],
      counts: upTo.map((total, bin) => total - (upTo[bin - 1] ?? 0)),
    };
    profiles.set(
      column.name,
      profileKind(column) === 'text'
        ? { type: 'text', count, missing, ...bins }
        : { type: 'numeric', count, missing, mean, standardDeviation: deviation, min, max, ...bins },
    );
  }
  return profiles;
}

async function profileCategories(
  connection: DuckDBConnection,
  from: string,
  measured: readonly Measured[],
): Promise<Map<string, ColumnProfile>> {
  if (measured.length === 0) return new Map();
  const counts = measured.map(
    ({ place }) =>
      `SELECT ${place} AS place, CAST(v${place} AS VARCHAR) AS value, count(*) AS count FROM ${from} GROUP BY ALL`,
  );
  const counted = await select(
    connection,
    counts.join(' UNION ALL '),
    z.object({ place: z.number(), value: z.string().nullable(), count: z.number() }),
  );
  return new Map(
    measured.map(({ column, place }) => {
      const values = new Map(definedCategories(column).map((name) => [name, 0]));
      let missing = 0;
      let count = 0;
      for (const found of counted.filter((candidate) => candidate.place === place)) {
        if (found.value === null) missing = found.count;
        else {
          values.set(found.value, found.count);
          count += found.count;
        }
      }
      return [column.name, { type: 'categorical', count, missing, ...keepCategories(values) }];
    }),
  );
}
