import type { DuckDBConnection } from '@duckdb/node-api';
import * as z from 'zod';
import type { Column } from '../columns.ts';
import { select } from '../database.duckdb.ts';
import type { SourceTable } from '../source.duckdb.ts';
import { type Respelled, respelledOf, spelledColumns } from './counts-before.ts';

/** Counts in `checked` the cells that were spelled otherwise than their category, bad rows among them. */
export async function countRespelled(
  connection: DuckDBConnection,
  { cells }: SourceTable,
  columns: readonly Column[],
  shown: readonly Column[],
): Promise<Respelled> {
  const places = spelledColumns(shown)
    .map((column) => columns.indexOf(column))
    .filter((place) => cells[place]?.changed !== undefined);
  if (places.length === 0) return new Map();
  const counts = places.map(
    (place) =>
      `SELECT ${place} AS place, v${place} AS value, count(*) AS count FROM checked WHERE z${place} AND v${place} IS NOT NULL GROUP BY ALL`,
  );
  const found = await select(
    connection,
    counts.join(' UNION ALL '),
    z.object({ place: z.number(), value: z.string(), count: z.number() }),
  );
  return respelledOf(found, columns);
}
