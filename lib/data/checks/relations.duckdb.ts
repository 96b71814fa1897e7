import type { DuckDBConnection } from '@duckdb/node-api';
import * as z from 'zod';
import type { ModelDefinition } from '../../model/definition.ts';
import { type Column, dataColumns } from '../columns.ts';
import { select } from '../database.duckdb.ts';
import type { ColumnProfile } from '../dataset.ts';

/** Rows that stand in contradiction to others; null where nothing was asked. */
export interface Relations {
  /** Rows whose identity others have too, with other values. */
  sharedIdentity: number | null;
  /** Rows whose features, or identity, others have too, with another label. */
  conflictingLabels: number | null;
}

const hashOf = (places: readonly number[]) => `hash(${places.map((place) => `v${place}`).join(', ')})`;

function placesOf(columns: readonly Column[], isWanted: (column: Column) => boolean): number[] {
  return columns.flatMap((column, place) => (isWanted(column) ? [place] : []));
}

/** Counts contradictions in the table `good`, one grouping for each question. */
export async function findContradictions(
  connection: DuckDBConnection,
  columns: readonly Column[],
  { data, identity }: ModelDefinition,
): Promise<Relations> {
  const identifying = placesOf(columns, ({ identifies }) => identifies);
  const described = dataColumns(columns).map((column) => columns.indexOf(column));
  const target = columns.findIndex(({ role }) => role === 'target');
  const { identity: ofIdentity, conflictingLabels } = data.checks;
  const asksIdentity = identifying.length > 0 && ofIdentity.action !== 'off';
  const asksLabels = conflictingLabels.action !== 'off' && columns[target]?.type === 'category';
  const rowsWhere = async (grouped: string, isContradicted: string) => {
    const [found] = await select(
      connection,
      `SELECT coalesce(sum(n), 0)::BIGINT AS rows FROM (SELECT count(*) AS n FROM good GROUP BY ${grouped} HAVING ${isContradicted})`,
      z.object({ rows: z.number() }),
    );
    return found?.rows ?? 0;
  };
  const isOtherLabel = `min(v${target}) <> max(v${target})`;
  const features = placesOf(columns, ({ role }) => role === 'feature');
  return {
    sharedIdentity: asksIdentity
      ? await rowsWhere(hashOf(identifying), `min(${hashOf(described)}) <> max(${hashOf(described)})`)
      : null,
    conflictingLabels: asksLabels
      ? await rowsWhere(hashOf(identity.length > 0 ? identifying : features), isOtherLabel)
      : null,
  };
}

/** Rows of `placed` that repeat the values of an earlier one in columns that no two rows may share, set by set. */
export async function countRepeated(
  connection: DuckDBConnection,
  columns: readonly Column[],
  { checks }: ModelDefinition['data'],
): Promise<number[]> {
  const counts: number[] = [];
  for (const { columns: names, action } of checks.unique) {
    const places = placesOf(columns, ({ name }) => names.includes(name)).map((place) => `v${place}`);
    if (action === 'off') {
      counts.push(0);
      continue;
    }
    const [found] = await select(
      connection,
      `SELECT coalesce(sum(n - 1), 0)::BIGINT AS rows FROM (SELECT count(*) AS n FROM placed
       WHERE ${places.map((value) => `${value} IS NOT NULL`).join(' AND ')} GROUP BY ${places.join(', ')} HAVING count(*) > 1)`,
      z.object({ rows: z.number() }),
    );
    counts.push(found?.rows ?? 0);
  }
  return counts;
}

/** Numbers are told apart by a hundredth of what lies between the first and the last tenth of the rows. */
const grain = 100;

/**
 * The greatest group of rows of `placed` that are nearly the same; null when no number is spread enough to tell rows
 * apart by: then many are the same by nature.
 */
export async function greatestNearGroup(
  connection: DuckDBConnection,
  columns: readonly Column[],
  profiles: Readonly<Record<string, ColumnProfile>>,
): Promise<number | null> {
  let isSpread = false;
  const keys = dataColumns(columns).map((column) => {
    const value = `v${columns.indexOf(column)}`;
    const profile = profiles[column.name];
    if (column.type === 'text') return `regexp_replace(lower(${value}), '[^\\p{L}\\p{N}]+', ' ', 'g')`;
    if (profile?.type !== 'numeric') return value;
    const [first = 0, last = 0] = [profile.edges[0], profile.edges.at(-1)];
    const step = (last - first) / grain;
    if (profile.edges.length < 9 || !(step > 0)) return value;
    isSpread = true;
    return `round(${value} / ${step.toExponential()})`;
  });
  if (!isSpread) return null;
  const [found] = await select(
    connection,
    `SELECT max(n) AS rows FROM (SELECT count(*) AS n FROM placed GROUP BY hash(${keys.join(', ')}))`,
    z.object({ rows: z.number().nullable() }),
  );
  return found?.rows ?? 0;
}

/** The greatest value of a column of `placed`, or null. */
export async function greatestOf(
  connection: DuckDBConnection,
  columns: readonly Column[],
  name: string,
): Promise<number | null> {
  const place = columns.findIndex((column) => column.name === name);
  const [found] = await select(
    connection,
    `SELECT max(v${place}) AS greatest FROM placed`,
    z.object({ greatest: z.number().nullable() }),
  );
  return found?.greatest ?? null;
}
