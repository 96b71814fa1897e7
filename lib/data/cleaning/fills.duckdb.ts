import type { DuckDBConnection } from '@duckdb/node-api';
import * as z from 'zod';
import type { ModelDefinition } from '../../model/definition.ts';
import type { Column } from '../columns.ts';
import { inTurn, select } from '../database.duckdb.ts';
import type { ColumnProfile } from '../dataset.ts';
import { askedFills, type Fill, fillOf, isNumber } from './fills.ts';
import type { OutlierLimit } from './outliers.duckdb.ts';

/** Learns fills as training/evergreen_training/preprocessing.py does, which puts them into the model's graph. */
export async function learnFills(
  connection: DuckDBConnection,
  columns: readonly Column[],
  definition: ModelDefinition,
  profiles: Readonly<Record<string, ColumnProfile>>,
  limits: readonly OutlierLimit[],
): Promise<Fill[]> {
  const asked = askedFills(columns, definition);
  if (asked.length === 0) return [];
  const cells = asked.map(({ place, strategy, feature }) => {
    const clip = limits.find((limit) => limit.place === place && limit.asked?.action === 'clip');
    // Fills are learned of numbers that were moved to their limits.
    const value = clip
      ? // Both pass over what is missing, and would give the limit.
        `CASE WHEN v${place} IS NOT NULL THEN least(greatest(v${place}, ${clip.low.toExponential()}), ${clip.high.toExponential()}) END`
      : `v${place}`;
    if (strategy === 'median')
      return `CAST(median(${value}) FILTER (side = 'train') AS VARCHAR) AS p${place}`;
    if (strategy === 'mean') return `CAST(avg(${value}) FILTER (side = 'train') AS VARCHAR) AS p${place}`;
    // Of equally frequent numbers the least is taken; categories are counted in the profile already.
    if (strategy === 'mode' && isNumber(feature)) {
      return `CAST(mode(${value} ORDER BY ${value}) FILTER (side = 'train') AS VARCHAR) AS p${place}`;
    }
    return `NULL AS p${place}`;
  });
  const missing = asked.map(({ place }) => `count(*) - count(v${place}) AS m${place}`);
  const [found] = await select(
    connection,
    `SELECT ${[...cells, ...missing].join(', ')}, max(turn) AS turns FROM ${inTurn('placed')}`,
    z.record(z.string(), z.union([z.string(), z.number()]).nullable()),
  );
  return asked.map((each) => {
    const text = found?.[`p${each.place}`];
    const learned = text === null || text === undefined ? null : Number(text);
    return fillOf(each, learned, Number(found?.[`m${each.place}`] ?? 0), profiles[each.column.name]);
  });
}
