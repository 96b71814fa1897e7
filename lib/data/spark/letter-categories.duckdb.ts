import * as z from 'zod';
import type { ModelDefinition } from '../../model/definition.ts';
import { readPattern } from '../../model/pattern.ts';
import { select, withWorkspace } from '../database.duckdb.ts';
import { type Categories, categoriesIn } from './pattern-program.ts';

/** All letters but halves of pairs, which stand in no text. */
const letters = `(SELECT CASE WHEN i < 55296 THEN i ELSE i + 2048 END AS letter FROM range(1, 1112064) AS all_of_them(i))`;

/**
 * Which letters are of the general categories that a definition's patterns name. DuckDB's RE2 is asked: each version of
 * Unicode knows other letters.
 */
export async function readCategories({ data: { checks } }: ModelDefinition): Promise<Categories> {
  const names = new Set(
    checks.patterns.flatMap(({ pattern, action }) => {
      const read = action === 'off' ? '' : readPattern(pattern);
      return typeof read === 'string' ? [] : categoriesIn(read);
    }),
  );
  if (names.size === 0) return new Map();
  return withWorkspace('256MB', async ({ connection }) => {
    const found = new Map<string, [number, number][]>();
    for (const name of names) {
      const ranges = await select(
        connection,
        `SELECT min(letter) AS first, max(letter) AS last
         FROM (SELECT letter, letter - row_number() OVER (ORDER BY letter) AS island FROM ${letters}
               WHERE regexp_full_match(chr(letter::INTEGER), '\\p{${name}}'))
         GROUP BY island ORDER BY first`,
        z.object({ first: z.number(), last: z.number() }),
      );
      found.set(
        name,
        ranges.map(({ first, last }) => [first, last]),
      );
    }
    return found;
  });
}
