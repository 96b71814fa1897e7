import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { quoteText, select, withWorkspace } from '../../lib/data/database.duckdb.ts';
import { readCategories } from '../../lib/data/spark/letter-categories.duckdb.ts';
import { type Categories, compilePattern } from '../../lib/data/spark/pattern-program.ts';
import { defineModel } from '../../lib/model/definition.ts';
import { readPattern } from '../../lib/model/pattern.ts';
import { packageRoot } from '../../lib/platform/package-root.ts';

const run = promisify(execFile);
const seed = 22;

/** What others read otherwise than RE2, or what they need more time or memory for. */
const written = [
  ...[
    'a.b',
    'a$',
    '$a',
    '^a|b$',
    'a|^b',
    '(?:^a)*b?',
    '.*',
    '.+$',
    'a\\sb',
    '[^\\s]*',
    '\\S+\\s\\S+',
    '\\v|\\t',
    '[\\v-\\r]',
  ],
  ...[
    '\\w+',
    '\\W',
    '[\\w.-]+',
    '\\d+',
    '[^\\d]',
    '\\bab\\b.*',
    '.\\b.',
    '\\B.',
    'é\\B',
    '(\\b|a)*',
    '\\b',
    '\\B',
  ],
  ...[
    '[a-z&&b]+',
    '[[a]+',
    '[a^]',
    '[-a]+',
    '[a-]+',
    '[\\d-z]+',
    '[\\]]',
    '[^\\n]',
    '[^a]',
    '\\x41\\x{1d11e}?',
    '[\\x{100}-\\x{10ffff}]+',
  ],
  ...[
    '\\p{L}+',
    '\\pL',
    '\\PL',
    '\\p{^L}',
    '\\p{Lu}\\p{Ll}*',
    '[\\p{N}_]+',
    '[^\\p{L}\\p{M}]',
    '[\\P{L}]',
    '\\p{Sc}',
    '\\p{C}+',
  ],
  ...[
    '(a+)+b',
    '(a|a)*',
    '(?:a?){20}a{20}',
    '(a|b)*?c',
    '(?:a*)*',
    'a{0}',
    'a{2,3}?b',
    '(?:ab){2,}',
    'a{3}',
    '(|a)b',
    '()',
    'a||b',
    '\\-\\@\\ ',
  ],
  ...['[a-z]+(-[a-z]+)*', '(?:\\p{L}|[0-9]){1,15}', '(?:(?:a{2}){3}|b){0,10}'],
];

const token = fc.constantFrom(
  ...[
    'a',
    'b',
    'é',
    '𝄞',
    '1',
    '.',
    '\\d',
    '\\W',
    '\\s',
    '\\b',
    '\\B',
    '[a-c]',
    '[^a]',
    '[^\\w]',
    '\\p{L}',
    '\\P{Lu}',
    '[\\p{N}_]',
  ],
  ...[
    '(',
    '(?:',
    ')',
    '|',
    '*',
    '+',
    '?',
    '{2}',
    '{0,2}',
    '{1,}',
    '^',
    '$',
    '*?',
    '\\.',
    '[',
    ']',
    '-',
    '{',
    '\\z',
    '\\Q',
    '(?i)',
    '\\1',
    '&&',
  ],
);
const anyPattern = fc.array(token, { minLength: 1, maxLength: 9 }).map((tokens) => tokens.join(''));
const letter = fc.constantFrom(
  ...[
    'a',
    'a',
    'b',
    'c',
    'A',
    'é',
    'É',
    'ß',
    'ſ',
    '\u212a',
    '1',
    '٣',
    '_',
    '-',
    '.',
    '&',
    '$',
    '€',
    '[',
    ' ',
  ],
  ...['\n', '\r', '\v', '\t', '\u0085', '\u00a0', '\u2028', '\u0301', '𝄞', '\u088f'],
);
const anyText = fc.array(letter, { maxLength: 8 }).map((letters) => letters.join(''));

let categories: Categories = new Map();
beforeAll(async () => {
  const named = ['L', 'Lu', 'Ll', 'N', 'M', 'Sc', 'C'].map((name) => ({
    column: 'a',
    pattern: `\\p{${name}}`,
  }));
  const asking = defineModel({
    name: 'texts',
    task: 'regression',
    features: { a: { type: 'text' } },
    target: { name: 'b', type: 'number' },
    data: { checks: { patterns: named } },
    train: {},
  });
  categories = await readCategories(asking);
});

/** What RE2 says of each text; a pattern that it does not read is an error. */
async function byRe2(patterns: readonly string[], texts: readonly string[][]): Promise<boolean[][]> {
  return withWorkspace('256MB', async ({ connection }) => {
    const found: boolean[][] = [];
    for (const [place, pattern] of patterns.entries()) {
      const asked = (texts[place] ?? []).map(quoteText).join(', ');
      const [first] = await select(
        connection,
        `SELECT list(regexp_full_match(text, ${quoteText(pattern)}) ORDER BY place) AS answers
         FROM (SELECT unnest([${asked}]) AS text, generate_subscripts([${asked}], 1) AS place)`,
        z.object({ answers: z.array(z.boolean()) }),
      );
      found.push(first?.answers ?? []);
    }
    return found;
  });
}

async function bySpark(patterns: readonly string[], texts: readonly string[][]): Promise<boolean[][]> {
  const folder = await mkdtemp(join(tmpdir(), 'evergreen-patterns-'));
  try {
    const cases = patterns.map((text, place) => {
      const pattern = readPattern(text);
      if (typeof pattern === 'string') throw new Error(pattern);
      return { program: compilePattern(pattern, categories), texts: texts[place] };
    });
    await writeFile(join(folder, 'cases.json'), JSON.stringify(cases));
    const script = fileURLToPath(new URL('../../lib/data/spark/fixtures/match-texts.py', import.meta.url));
    const { stdout } = await run(
      join(packageRoot, '.venv', 'bin', 'python'),
      [script, join(folder, 'cases.json')],
      {
        env: { ...process.env, PYTHONPATH: join(packageRoot, 'spark') },
        maxBuffer: 1 << 26,
      },
    );
    return z.array(z.array(z.boolean())).parse(JSON.parse(stdout));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function compare(patterns: readonly string[], perPattern: number) {
  const all = fc.sample(anyText, { numRuns: patterns.length * perPattern, seed });
  const texts = patterns.map((_, place) => [
    ...all.slice(place * perPattern, (place + 1) * perPattern),
    '',
    'a',
    'ab',
  ]);
  const [re2, spark] = await Promise.all([byRe2(patterns, texts), bySpark(patterns, texts)]);
  for (const [place, pattern] of patterns.entries()) {
    const told = (answers: boolean[] | undefined) =>
      answers?.map((answer, at) => `${pattern} ${answer} ${JSON.stringify(texts[place]?.[at])}`);
    expect(told(spark[place])).toEqual(told(re2[place]));
  }
}

describe(`patterns of Spark and of the function, by seed ${seed}`, () => {
  it('say the same of any text', () => compare(written, 120), 120_000);

  it('say the same when any signs make the pattern, or it is refused for both', async () => {
    const patterns = fc.sample(anyPattern, { numRuns: 6000, seed });
    const read = [...new Set(patterns.filter((pattern) => typeof readPattern(pattern) !== 'string'))];
    expect(read.length).toBeGreaterThan(900);
    await compare(read, 15);
  }, 240_000);

  it('take a time that grows with the text, which Java and Python do not', async () => {
    const texts = [['a'.repeat(200_000)], [`${'a'.repeat(200_000)}b`], ['-a'.repeat(100_000)]];
    expect(await bySpark(['(a+)+b', '(a|a)*b', '(?:-[a-z]+)*'], texts)).toEqual([[false], [true], [true]]);
  }, 60_000);
});
