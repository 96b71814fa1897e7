import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { textCell } from './cell-sql.ts';
import { columnsOf } from './columns.ts';
import { quoteText, select, withWorkspace } from './database.duckdb.ts';
import { aDefinition } from './fixtures/validation.ts';

const columns = columnsOf(aDefinition({ data: { columns: { picked: { type: 'timestamp' } } } }));

/** Seconds since 1970 that the gate reads a time as, or null. */
async function secondsOf(text: string): Promise<number | null> {
  const column = columns.find(({ name }) => name === 'picked');
  if (!column) throw new Error('the definition has no time');
  return withWorkspace('1GB', async ({ connection }) => {
    const { value } = textCell(column, 'false');
    const sql = `SELECT ${value} AS seconds FROM (SELECT ${quoteText(text)} AS ${column.key})`;
    const [found] = await select(connection, sql, z.object({ seconds: z.number().nullable() }));
    return found?.seconds ?? null;
  });
}

describe('a time in an upload', () => {
  it.each([
    '2026-11-21T10:30:15Z',
    '2026-11-21T10:30:15.25+02:00',
    '2026-11-21T23:59:59-05:30',
    '2026-11-21T10:30Z',
    '1969-12-31T23:59:59+14:00',
  ])('%s is what JavaScript takes it for', async (text) => {
    expect(await secondsOf(text)).toBe(Date.parse(text) / 1000);
  });

  it('may be short in its offset, and is UTC without one', async () => {
    const utc = Date.parse('2026-11-21T08:30:00Z') / 1000;
    expect(await secondsOf('2026-11-21 10:30+02')).toBe(utc);
    expect(await secondsOf('2026-11-21T03:00:00-0530')).toBe(utc);
    expect(await secondsOf('2026-11-21T08:30')).toBe(utc);
    expect(await secondsOf('2026-11-21')).toBe(utc - 8.5 * 3600);
  });

  it.each([
    '2026-02-30',
    '2026-11-21T24:00',
    '2026-11-21T10:60',
    '2026-11-21T10:30+24:00',
    '2026-11-21Z',
    '21.11.2026',
  ])('%s is none', async (text) => {
    expect(await secondsOf(text)).toBeNull();
  });
});
