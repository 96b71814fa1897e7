import type { DuckDBConnection } from '@duckdb/node-api';
import * as z from 'zod';
import type { AnonymityPolicy } from '../../model/privacy.ts';
import type { Column } from '../columns.ts';
import { select } from '../database.duckdb.ts';
import type { AnonymityReport } from './anonymity.ts';

/** Counts the groups of `placed` by the columns that are named; with `suppress` rows of small ones leave it. */
export async function anonymise(
  connection: DuckDBConnection,
  columns: readonly Column[],
  policy: AnonymityPolicy | undefined,
): Promise<AnonymityReport | null> {
  if (!policy) return null;
  const values = policy.columns.flatMap((name) => {
    const place = columns.findIndex((column) => column.name === name);
    return place === -1 ? [] : [`v${place}`];
  });
  // Rows of a retrain lack columns that only checks read: nothing is known of them.
  if (values.length < policy.columns.length) return null;
  const by = values.join(', ');
  const [counted] = await select(
    connection,
    `SELECT count(*) AS groups, coalesce(min(rows), 0) AS smallest,
       coalesce(sum(rows) FILTER (rows < ${policy.k}), 0) AS below,
       coalesce(min(rows) FILTER (rows >= ${policy.k}), 0) AS kept
     FROM (SELECT count(*) AS rows FROM placed GROUP BY ${by})`,
    z.object({ groups: z.number(), smallest: z.number(), below: z.number(), kept: z.number() }),
  );
  const { groups = 0, smallest = 0, below = 0, kept = 0 } = counted ?? {};
  if (policy.action === 'suppress' && below > 0) {
    await connection.run(
      `DELETE FROM placed WHERE position IN (
         SELECT position FROM (SELECT position, count(*) OVER (PARTITION BY ${by}) AS rows FROM placed)
         WHERE rows < ${policy.k})`,
    );
  }
  const smallestKept = policy.action === 'suppress' ? kept : smallest;
  return { ...policy, groups, smallest, rowsBelow: below, smallestKept };
}
