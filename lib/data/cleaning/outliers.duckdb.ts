import type { DuckDBConnection } from '@duckdb/node-api';
import * as z from 'zod';
import { type Outliers, outlierFactor } from '../../model/cleaning.ts';
import type { ModelDefinition } from '../../model/definition.ts';
import type { Column } from '../columns.ts';
import { inTurn, select } from '../database.duckdb.ts';
import { askedOutliers } from './asked-outliers.ts';
import type { LeftOut } from './left-out.duckdb.ts';

/** Where a feature's outliers begin, learned on train rows. */
export interface OutlierLimit {
  column: Column;
  place: number;
  /** Null when the definition asks for none and the limits serve the sources alone. */
  asked: Outliers | null;
  low: number;
  high: number;
  /** Rows outside, on both sides of the split. */
  count: number;
}

/**
 * Learns outlier limits on the train rows of `placed` and counts the rows outside: quartiles by linear interpolation as
 * NumPy takes them, deviations with n - 1.
 */
export async function learnOutlierLimits(
  connection: DuckDBConnection,
  columns: readonly Column[],
  definition: ModelDefinition,
): Promise<OutlierLimit[]> {
  const measured = askedOutliers(columns, definition);
  if (measured.length === 0) return [];
  const learned = measured.map(({ place, rule }) =>
    rule.method === 'iqr'
      ? `quantile_cont(v${place}, [0.25, 0.75])::DOUBLE[] AS p${place}`
      : `[avg(v${place}), stddev_samp(v${place})] AS p${place}`,
  );
  const [found] = await select(
    connection,
    `SELECT ${learned.join(', ')}, [max(turn)] AS turns FROM ${inTurn('placed')} WHERE side = 'train'`,
    z.record(z.string(), z.array(z.number().nullable()).nullable()),
  );
  const limits = measured.flatMap(({ column, place, asked, rule }) => {
    const [first = null, second = null] = found?.[`p${place}`] ?? [];
    if (first === null || second === null) return [];
    const reach = outlierFactor(rule) * (rule.method === 'iqr' ? second - first : second);
    const [from, to] = rule.method === 'iqr' ? [first, second] : [first, first];
    return [{ column, place, asked, low: from - reach, high: to + reach }];
  });
  if (limits.length === 0) return [];
  const [counts] = await select(
    connection,
    `SELECT ${limits.map((limit) => `count(*) FILTER (${isOutside(limit)}) AS p${limit.place}`).join(', ')} FROM placed`,
    z.record(z.string(), z.number()),
  );
  return limits.map((limit) => ({ ...limit, count: counts?.[`p${limit.place}`] ?? 0 }));
}

/** SQL that is true where a value lies outside. */
export function isOutside({ place, low, high }: Pick<OutlierLimit, 'place' | 'low' | 'high'>): string {
  return `(v${place} < ${low.toExponential()} OR v${place} > ${high.toExponential()})`;
}

export interface OutlyingRow {
  line: number;
  column: Column;
  value: number;
}

/** Takes the rows out of `placed` that hold an outlier of a feature whose outliers are put aside. */
export async function putOutliersAside(
  connection: DuckDBConnection,
  limits: readonly OutlierLimit[],
  kept: number,
  leftOut: Pick<LeftOut, 'add'>,
): Promise<{ count: number; first: OutlyingRow[] }> {
  const strict = limits.filter(({ asked, count }) => asked?.action === 'quarantine' && count > 0);
  if (strict.length === 0) return { count: 0, first: [] };
  const isOut = strict.map(isOutside).join(' OR ');
  const values = strict.map((limit) => `CASE WHEN ${isOutside(limit)} THEN v${limit.place} END::DOUBLE`);
  const [counted] = await select(
    connection,
    `SELECT count(*) AS rows FROM placed WHERE ${isOut}`,
    z.object({ rows: z.number() }),
  );
  const first = await select(
    connection,
    `SELECT line, [${values.join(', ')}] AS outside FROM placed WHERE ${isOut} ORDER BY line LIMIT ${kept}`,
    z.object({ line: z.number(), outside: z.array(z.number().nullable()) }),
  );
  await leftOut.add(`placed WHERE ${isOut}`);
  await connection.run(`DELETE FROM placed WHERE ${isOut}`);
  return {
    count: counted?.rows ?? 0,
    first: first.flatMap(({ line, outside }) =>
      outside.flatMap((value, place) => {
        const column = strict[place]?.column;
        return value === null || !column ? [] : [{ line, column, value }];
      }),
    ),
  };
}

/** By source: rows, and rows with a value outside. */
export async function countOutliersBySource(
  connection: DuckDBConnection,
  columns: readonly Column[],
  limits: readonly OutlierLimit[],
  source: string,
): Promise<{ source: string; rows: number; outlying: number }[]> {
  const place = columns.findIndex(({ name }) => name === source);
  const isOut = limits.length === 0 ? 'false' : limits.map(isOutside).join(' OR ');
  return select(
    connection,
    `SELECT coalesce(CAST(v${place} AS VARCHAR), '(missing)') AS source, count(*) AS rows, count(*) FILTER (${isOut}) AS outlying
     FROM placed GROUP BY ALL ORDER BY outlying DESC, source LIMIT 1000`,
    z.object({ source: z.string(), rows: z.number(), outlying: z.number() }),
  );
}
