import type { DuckDBConnection } from '@duckdb/node-api';
import * as z from 'zod';
import type { ModelDefinition } from '../../model/definition.ts';
import type { Column } from '../columns.ts';
import { select, wholeText } from '../database.duckdb.ts';
import { drawSql } from '../draw-sql.ts';
import type { SourceTable } from '../source.duckdb.ts';
import { type ColumnSample, judgeColumn } from './judge-columns.ts';
import type { PersonalColumn } from './personal-kinds.ts';

/** Longer texts are looked at no further: patterns take time that grows with them. */
const lookedAt = 1000;

interface Looked {
  column: string;
  isRead: boolean;
  isDeclared: boolean;
  sql: string;
}

/**
 * Looks for personal data in the values of texts and whole numbers, of the columns that are read (in `checked`) and of
 * those that are not (in the source). Rows are chosen by a hash of their line.
 */
export async function findPersonalData(
  connection: DuckDBConnection,
  source: SourceTable,
  columns: readonly Column[],
  rows: number,
  { data, identity }: ModelDefinition,
): Promise<PersonalColumn[]> {
  const { action, sampleRows } = data.checks.personalData;
  if (action === 'off' || rows === 0) return [];
  const read = columns.flatMap(({ name, type, role, isPersonal }, place): Looked[] =>
    role !== 'target' && (type === 'text' || type === 'integer')
      ? [{ column: name, isRead: true, isDeclared: isPersonal || identity.includes(name), sql: `v${place}` }]
      : [],
  );
  const unread = source.unread.map(
    ({ name, key }): Looked => ({ column: name, isRead: false, isDeclared: false, sql: key }),
  );
  const step = sampleRows === 0 ? 1 : Math.max(1, Math.ceil(rows / sampleRows));
  const samples = [
    ...(await sample(connection, 'checked', read, step)),
    ...(await sample(connection, source.from, unread, step)),
  ];
  return samples.flatMap(judgeColumn);
}

async function sample(
  connection: DuckDBConnection,
  from: string,
  looked: readonly Looked[],
  step: number,
): Promise<ColumnSample[]> {
  if (looked.length === 0) return [];
  const lists = looked.map(({ sql }, place) => {
    const text = `left(CAST(${sql} AS VARCHAR), ${lookedAt})`;
    return `list(${wholeText(text)} ORDER BY line) FILTER (${sql} IS NOT NULL) AS t${place}`;
  });
  const where = step === 1 ? '' : `WHERE ${drawSql('line')} % ${step} = 0`;
  const [found] = await select(
    connection,
    `SELECT ${lists.join(', ')} FROM ${from} ${where}`,
    z.record(z.string(), z.array(z.string()).nullable()),
  );
  return looked.map(({ column, isRead, isDeclared }, place) => ({
    column,
    isRead,
    isDeclared,
    texts: found?.[`t${place}`] ?? [],
  }));
}
