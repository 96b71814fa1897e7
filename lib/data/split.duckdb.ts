import { BIGINT, BOOLEAN, type DuckDBConnection, DuckDBDataChunk } from '@duckdb/node-api';
import * as z from 'zod';
import type { ModelDefinition } from '../model/definition.ts';
import { digestFile, type LocalFile } from '../shared/local-file.store.ts';
import { type Column, dataColumns } from './columns.ts';
import { quoteName, quoteText, select } from './database.duckdb.ts';
import { heldOutBelow, seededSplit } from './split.ts';

const chunkRows = 2048;

/**
 * Puts the good rows on their sides: `good` becomes `placed` with position (order in the file), side, place (order
 * within the side), line and values. Each side holds a row when there are two.
 */
export async function placeRows(
  connection: DuckDBConnection,
  columns: readonly Column[],
  data: ModelDefinition['data'],
): Promise<{ train: number; test: number }> {
  const values = columns.map((_, place) => `v${place}`).join(', ');
  const kept = keptCopiesSql(data);
  const accepted = `SELECT row_number() OVER () - 1 AS position, line, key, ${values}
    FROM good WHERE ${kept}`;
  if (data.split.method === 'seeded') {
    await connection.run(`CREATE TEMP TABLE accepted AS ${accepted}`);
    const rows = await countRows(connection, 'accepted');
    await connection.run('CREATE TEMP TABLE places (position BIGINT, held BOOLEAN, place BIGINT)');
    const { train, test } = seededSplit(rows, data.split.testShare, data.split.seed);
    await appendPlaces(connection, train, false);
    await appendPlaces(connection, test, true);
    await connection.run(
      `CREATE TEMP TABLE placed AS
       SELECT position, CASE WHEN held THEN 'test' ELSE 'train' END AS side, place, line, ${values}
       FROM accepted JOIN places USING (position) ORDER BY position`,
    );
  } else {
    await connection.run(
      `CREATE TEMP TABLE placed AS
       SELECT position, CASE WHEN key < ${quoteText(heldOutBelow(data.split.testShare))} THEN 'test' ELSE 'train' END AS side,
         position AS place, key, line, ${values}
       FROM (${accepted})`,
    );
    await fillEmptySide(connection);
  }
  for (const left of ['VIEW good', 'TABLE checked', 'TABLE numbered', 'TABLE accepted', 'TABLE places']) {
    await connection.run(`DROP ${left.replace(' ', ' IF EXISTS ')}`);
  }
  return countSides(connection);
}

/** SQL that is true of the rows of `good` that are kept of their copies. */
export function keptCopiesSql({ duplicates, keyDuplicates }: ModelDefinition['data']): string {
  if (keyDuplicates !== 'keep') return 'copy = 1 AND keyed = 1';
  return duplicates === 'drop' ? 'copy = 1' : 'true';
}

/** Rows of `placed` on each side. */
export async function countSides(connection: DuckDBConnection): Promise<{ train: number; test: number }> {
  return {
    train: await countRows(connection, `placed WHERE side = 'train'`),
    test: await countRows(connection, `placed WHERE side = 'test'`),
  };
}

/** SQL of what decides about a row's side (`sideKey` in split.ts), of its values as v0, v1, …; nothing where a seed does. */
export function sideKeySql(columns: readonly Column[], { split }: ModelDefinition['data']): string {
  return split.method === 'seeded' ? 'NULL' : `substr(sha256(${identitySql(columns)}), 1, 13)`;
}

/** The text of `identityText` in split.ts, made in SQL: identity columns, or all values. */
function identitySql(columns: readonly Column[]): string {
  const named = columns.filter(({ identifies }) => identifies);
  const parts = (named.length > 0 ? named : dataColumns(columns)).map((column) => {
    const text = `CAST(v${columns.indexOf(column)} AS VARCHAR)`;
    return `CASE WHEN ${text} IS NULL THEN '-' ELSE concat(strlen(${text}), ':', ${text}) END`;
  });
  return `concat_ws('|', ${parts.join(', ')})`;
}

/** In a very small dataset the hash may leave a side empty: the row nearest to it changes over. */
async function fillEmptySide(connection: DuckDBConnection): Promise<void> {
  for (const [side, order] of [
    ['test', 'key, position'],
    ['train', 'key DESC, position'],
  ]) {
    await connection.run(
      `UPDATE placed SET side = '${side}'
       WHERE (SELECT count(*) FROM placed) > 1 AND (SELECT count(*) FROM placed WHERE side = '${side}') = 0
         AND position = (SELECT position FROM placed ORDER BY ${order} LIMIT 1)`,
    );
  }
}

async function countRows(connection: DuckDBConnection, from: string): Promise<number> {
  const [counted] = await select(
    connection,
    `SELECT count(*) AS rows FROM ${from}`,
    z.object({ rows: z.number() }),
  );
  return counted?.rows ?? 0;
}

async function appendPlaces(
  connection: DuckDBConnection,
  positions: Uint32Array,
  isHeld: boolean,
): Promise<void> {
  const appender = await connection.createAppender('places');
  for (let from = 0; from < positions.length; from += chunkRows) {
    const part = [...positions.subarray(from, from + chunkRows)];
    const chunk = DuckDBDataChunk.create([BIGINT, BOOLEAN, BIGINT], part.length);
    chunk.setColumns([
      part.map(BigInt),
      part.map(() => isHeld),
      part.map((_, index) => BigInt(from + index)),
    ]);
    appender.appendDataChunk(chunk);
  }
  appender.closeSync();
}

/** Writes one side as Parquet: features in the order of the definition, then the target. */
export async function writeSide(
  connection: DuckDBConnection,
  columns: readonly Column[],
  side: 'train' | 'test',
  path: string,
): Promise<LocalFile> {
  const named = dataColumns(columns).map(
    (column) => `v${columns.indexOf(column)} AS ${quoteName(column.name)}`,
  );
  await connection.run(
    // Rows that come sorted are put into groups in one way, however many threads write.
    `COPY (SELECT ${named.join(', ')} FROM placed WHERE side = '${side}' ORDER BY place)
     TO ${quoteText(path)} (FORMAT parquet, COMPRESSION zstd)`,
  );
  return digestFile(path);
}
