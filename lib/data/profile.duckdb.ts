import type { DuckDBConnection } from '@duckdb/node-api';
import { z } from 'zod';
import { addCounts, coarsen, fineEdges, type JointCell, type JointCounts } from './checks/joint-counts.ts';
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

/** How the rows of a table are parted while they are counted, as SQL over it. */
export interface Parts {
  isTrain: string;
  half: string;
  /** The class of a row; undefined leaves them together. A numeric target is parted by its tenths. */
  target?: { place: number; isNumber: boolean };
}

export interface Measurement {
  /** Of the train rows. */
  profiles: Record<string, ColumnProfile>;
  joint: JointCounts[];
  /** Correlation of numbers with a numeric target, in the train rows. */
  correlations: Map<string, { correlation: number; pairs: number }>;
  /** Counts of the train rows over the bins of other profiles, by column. */
  onOtherBins: Map<string, number[]>;
}

const whole: Parts = { isTrain: 'true', half: 'false' };

/**
 * Profiles columns of a table with the rules of profile.ts, without taking its rows into memory, and counts them by
 * class on the way: one scan for moments and deciles, one for all bins, one for each categorical column.
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
  const profiles = new Map([...bins.profiles, ...categories.profiles]);
  return {
    profiles: Object.fromEntries(
      all.flatMap(({ column }) => {
        const profile = profiles.get(column.name);
        return profile ? [[column.name, profile]] : [];
      }),
    ),
    joint: [...bins.joint, ...categories.joint],
    correlations: new Map(
      [...summaries].flatMap(([name, { correlation, pairs }]) =>
        correlation === null ? [] : [[name, { correlation, pairs }]],
      ),
    ),
    onOtherBins: bins.onOtherBins,
  };
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
  deciles: z.array(z.number()).nullable(),
  correlation: z.number().nullable(),
  /** Rows with both the number and the target. */
  pairs: z.number(),
});
type Summary = z.infer<typeof moments>;

async function summarise(
  connection: DuckDBConnection,
  from: string,
  measured: readonly Measured[],
  { isTrain, target }: Parts,
): Promise<Map<string, Summary>> {
  if (measured.length === 0) return new Map();
  const list = tenths.map((tenth) => tenth / 10).join(', ');
  const correlation = ({ place, number }: Measured) => {
    if (!target?.isNumber || place === target.place) return 'correlation: NULL, pairs: 0';
    const pair = `${number}, v${target.place}`;
    return `correlation: CASE WHEN isfinite(corr(${pair})) THEN corr(${pair}) END, pairs: regr_count(${pair})`;
  };
  const summaries = measured.map(
    (each) =>
      `{count: count(${each.number}), missing: count(*) - count(${each.number}), mean: avg(${each.number}),
        deviation: stddev_samp(${each.number}), min: min(${each.number}), max: max(${each.number}),
        deciles: quantile_disc(${each.number}, [${list}]), ${correlation(each)}} AS p${each.place}`,
  );
  const [summary] = await select(
    connection,
    `SELECT ${summaries.join(', ')} FROM ${from} WHERE ${isTrain}`,
    z.record(z.string(), moments),
  );
  return new Map(
    measured.flatMap(({ column, place }) => {
      const found = summary?.[`p${place}`];
      return found ? [[column.name, found]] : [];
    }),
  );
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
) {
  const profiles = new Map<string, ColumnProfile>();
  const onOtherBins = new Map<string, number[]>();
  const joint: JointCounts[] = [];
  if (measured.length === 0) return { profiles, joint, onOtherBins };
  const planned = measured.map((each) => {
    const summary = summaries.get(each.column.name);
    const edges = edgesOf(summary?.deciles ?? []);
    const isFine = profileKind(each.column) === 'numeric' && summary?.min != null && summary.max != null;
    const fine = isFine ? fineEdges(edges, summary.min ?? 0, summary.max ?? 0) : edges;
    return { ...each, summary, edges, fine, others: otherEdges.get(each.column.name) };
  });
  const histograms = planned.flatMap(({ place, number, fine, others }) => [
    `, count(${number}) AS n${place}, ${histogramSql(number, fine)} AS h${place}`,
    ...(others ? [`, ${histogramSql(number, others, 'FILTER (train)')} AS o${place}`] : []),
  ]);
  const rows = await select(
    connection,
    `SELECT part, train, half, count(*) AS rows${histograms.join('')} FROM ${grouped} GROUP BY part, train, half`,
    counted,
  );
  for (const { column, place, summary, edges, fine, others } of planned) {
    const cells = rows.map((row): JointCell => {
      const present = padded(row[`h${place}`], fine.length + 1);
      const missing = Number(row.rows) - Number(row[`n${place}`]);
      return {
        group: String(row.part),
        isTrain: row.train === true,
        half: row.half === true,
        counts: [...present, missing],
      };
    });
    joint.push({ column: column.name, cells });
    if (others) {
      const all = rows.map((row) => padded(row[`o${place}`], others.length + 1));
      onOtherBins.set(column.name, addCounts(all, others.length + 1));
    }
    if (!summary) continue;
    const ofTrain = cells.filter(({ isTrain }) => isTrain).map(({ counts }) => counts);
    const fineCounts = addCounts(ofTrain, fine.length + 1);
    const bins = { edges, counts: edges.length === 0 ? [0] : coarsen(fineCounts, fine, edges) };
    const { count, missing, mean, deviation, min, max } = summary;
    profiles.set(
      column.name,
      profileKind(column) === 'text'
        ? { type: 'text', count, missing, ...bins }
        : { type: 'numeric', count, missing, mean, standardDeviation: deviation, min, max, ...bins },
    );
  }
  return { profiles, joint, onOtherBins };
}

export function histogramSql(number: string, edges: readonly number[], filter = ''): string {
  const all = [...edges.map((edge) => edge.toExponential()), `'infinity'::DOUBLE`];
  return `map_values(histogram(CAST(${number} AS DOUBLE), [${all.join(', ')}]) ${filter})`;
}

/** Of a part without any value the database gives no histogram. */
export function padded(found: unknown, bins: number): number[] {
  return Array.isArray(found) ? found.map(Number) : new Array<number>(bins).fill(0);
}

async function countCategories(
  connection: DuckDBConnection,
  grouped: string,
  measured: readonly Measured[],
): Promise<{ profiles: Map<string, ColumnProfile>; joint: JointCounts[] }> {
  if (measured.length === 0) return { profiles: new Map(), joint: [] };
  const counts = measured.map(
    ({ place }) =>
      `SELECT ${place} AS place, CAST(v${place} AS VARCHAR) AS value, CAST(part AS VARCHAR) AS part, train, half, count(*) AS count FROM ${grouped} GROUP BY ALL`,
  );
  const found = await select(
    connection,
    counts.join(' UNION ALL '),
    z.object({
      place: z.number(),
      value: z.string().nullable(),
      part: z.string().nullable(),
      train: z.boolean(),
      half: z.boolean(),
      count: z.number(),
    }),
  );
  const byPlace = Map.groupBy(found, ({ place }) => place);
  const profiles = new Map<string, ColumnProfile>();
  const joint: JointCounts[] = [];
  for (const { column, place } of measured) {
    const rows = byPlace.get(place) ?? [];
    const values = new Map(definedCategories(column).map((name) => [name, 0]));
    for (const { value } of rows) if (value !== null && !values.has(value)) values.set(value, 0);
    const names = [...values.keys()];
    const cells = new Map<string, JointCell>();
    let missing = 0;
    let count = 0;
    for (const { value, part, train, half, count: many } of rows) {
      const key = `${train} ${half} ${part}`;
      const cell = cells.get(key) ?? {
        group: String(part),
        isTrain: train,
        half,
        counts: new Array<number>(names.length + 1).fill(0),
      };
      cells.set(key, cell);
      cell.counts[value === null ? names.length : names.indexOf(value)] = many;
      if (!train) continue;
      if (value === null) missing += many;
      else {
        values.set(value, (values.get(value) ?? 0) + many);
        count += many;
      }
    }
    joint.push({ column: column.name, cells: [...cells.values()] });
    profiles.set(column.name, { type: 'categorical', count, missing, ...keepCategories(values) });
  }
  return { profiles, joint };
}
