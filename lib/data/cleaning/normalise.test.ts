import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { type NormaliseText, normaliseSpelling, smallLetters } from '../../model/normalise.ts';
import { quoteText, select, withWorkspace } from '../database.duckdb.ts';
import { normaliseSql } from './normalise-sql.ts';

const cases: NormaliseText[] = (['keep', 'lower'] as const).flatMap((wanted) =>
  [true, false].map((unicode) => ({ trim: true, unicode, case: wanted })),
);

async function inSql(texts: string[], asked: NormaliseText): Promise<string[]> {
  return withWorkspace('1GB', async ({ connection }) => {
    const list = texts.map((text) => quoteText(text)).join(', ');
    const [found] = await select(
      connection,
      `SELECT list(hex(coalesce(${normaliseSql('x', asked)}, '')) ORDER BY place) AS texts FROM (SELECT unnest([${list}]) AS x, unnest(range(${texts.length})) AS place)`,
      z.object({ texts: z.array(z.string()) }),
    );
    return (found?.texts ?? []).map((hex) => Buffer.from(hex, 'hex').toString());
  });
}

describe('normaliseSpelling', () => {
  it.each(cases)(
    'is the same in SQL for every letter there is: %o',
    async (asked) => {
      const letters = Array.from({ length: 0x30000 }, (_, code) => code + 1)
        .filter((code) => code < 0xd800 || code > 0xdfff)
        .map((code) => String.fromCodePoint(code));
      const differing: string[] = [];
      for (let from = 0; from < letters.length; from += 20_000) {
        const some = letters.slice(from, from + 20_000);
        const found = await inSql(some, asked);
        for (const [place, letter] of some.entries()) {
          if (found[place] !== normaliseSpelling(letter, asked))
            differing.push(`U+${letter.codePointAt(0)?.toString(16)}`);
        }
      }
      expect(differing).toEqual([]);
    },
    60_000,
  );

  it('is the same in SQL for any text, and done once', async () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 20 }).map((each) => each.replaceAll('\0', ''));
    await fc.assert(
      fc.asyncProperty(
        fc.array(text, { minLength: 1, maxLength: 50 }),
        fc.constantFrom(...cases),
        async (texts, asked) => {
          const wanted = texts.map((each) => normaliseSpelling(each, asked));
          expect(await inSql(texts, asked)).toEqual(wanted);
          expect(wanted.map((each) => normaliseSpelling(each, asked))).toEqual(wanted);
        },
      ),
      { numRuns: 60 },
    );
  }, 60_000);
});

describe('smallLetters', () => {
  it('has the small form of every letter that is made small, and of no other', () => {
    const small = smallLetters();
    expect(Object.keys(small).length).toBeGreaterThan(1000);
    expect(small).toMatchObject({ Ä: 'ä', Σ: 'σ', 𐐀: '𐐨' });
    for (const letter of ['İ', 'ä', 'ß', '7']) expect(small).not.toHaveProperty(letter);
  });
});
