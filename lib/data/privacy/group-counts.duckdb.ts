import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { quoteName, quoteText, select, withWorkspace } from '../database.duckdb.ts';
import { type FixedGroups, groupNames } from './private-profile.ts';

/** Rows of a train.parquet in each group of each column; the last group of each is of missing values. */
export async function countGroups(
  train: Uint8Array,
  columns: readonly FixedGroups[],
  memoryLimit: string,
): Promise<number[][]> {
  return withWorkspace(memoryLimit, async ({ connection, folder }) => {
    const path = join(folder, 'train.parquet');
    await writeFile(path, train);
    const counts: number[][] = [];
    for (const each of columns) {
      const name = quoteName(each.column);
      const group =
        'names' in each.groups
          ? `list_position([${each.groups.names.map(quoteText).join(', ')}], CAST(${name} AS VARCHAR)) - 1`
          : each.groups.edges.map((edge) => `CAST(${name} > ${edge.toExponential()} AS INTEGER)`).join(' + ');
      const found = await select(
        connection,
        `SELECT ${group} AS place, count(*) AS rows FROM read_parquet(${quoteText(path)}) GROUP BY 1`,
        z.object({ place: z.number().nullable(), rows: z.number() }),
      );
      const groups = groupNames(each);
      const filled = new Array<number>(groups.length).fill(0);
      for (const { place, rows } of found) filled[place ?? groups.length - 1] = rows;
      counts.push(filled);
    }
    return counts;
  });
}
