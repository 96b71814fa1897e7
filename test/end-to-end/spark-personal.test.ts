import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { generateColumns, seed } from '../../lib/data/fixtures/personal-columns.ts';
import { detectValue } from '../../lib/data/privacy/detect-value.ts';
import { detectionRules } from '../../lib/data/privacy/detection-rules.ts';
import { packageRoot } from '../../lib/platform/package-root.ts';

const run = promisify(execFile);

async function bySpark(texts: readonly string[]): Promise<unknown[]> {
  const folder = await mkdtemp(join(tmpdir(), 'evergreen-personal-'));
  try {
    const path = join(folder, 'case.json');
    await writeFile(path, JSON.stringify({ rules: detectionRules(), texts }));
    const script = fileURLToPath(new URL('../../lib/data/spark/fixtures/detect-texts.py', import.meta.url));
    const { stdout } = await run(join(packageRoot, '.venv', 'bin', 'python'), [script, path], {
      env: { ...process.env, PYTHONPATH: join(packageRoot, 'spark') },
      maxBuffer: 1 << 28,
    });
    return JSON.parse(stdout);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function compare(texts: readonly string[]) {
  const found = await bySpark(texts);
  const told = texts.map((text) => ({ text, found: detectValue(text) }));
  expect(texts.map((text, place) => ({ text, found: found[place] }))).toEqual(told);
  return told.filter((each) => each.found.length > 0).length;
}

const part = fc.constantFrom(
  ...[
    '0',
    '1',
    '7',
    '9',
    '12',
    '255',
    '256',
    '049',
    '131052',
    '308T',
    '4012',
    '8888',
    '8881',
    'DE',
    'FR',
    'GB82',
    'X',
    'Z',
    'RSSMRA',
  ],
  ...[
    ' ',
    '-',
    '.',
    '+',
    ':',
    '::',
    '@',
    '(',
    ')',
    '/',
    ',',
    ', ',
    '\n',
    '\u00a0',
    '\u2028',
    '\ufeff',
    '\u0085',
    '\u001f',
    '_',
  ],
  ...[
    'a',
    'fe80',
    'ffff',
    'mail',
    'example',
    '.org',
    'Anna',
    'ANNA',
    'Ánna',
    'A\u0301nna',
    'Łukasz',
    'İvan',
    'Dr.',
    'Frau',
    'ſr',
    'K\u212aarin',
  ],
  ...['𝒜nna', 'Ⱟx', '\u1c89x', 'é', '’', "O'", '٣', '２', '𝄞'],
);
const anyText = fc.array(part, { maxLength: 14 }).map((parts) => parts.join(''));

/** What is nearly a number of a country: one sign of a good one is another. */
const good = generateColumns(seed).flatMap(({ texts }) => texts.slice(0, 25));
const nearlyGood = fc
  .tuple(fc.constantFrom(...good), fc.nat(), fc.constantFrom(...'0123456789AX -.+:@'))
  .map(([text, at, letter]) => {
    const place = at % (text.length + 1);
    return text.slice(0, place) + letter + text.slice(place + 1);
  });

describe(`personal data of Spark and of the function, by seed ${seed}`, () => {
  it('is the same in all values of 640 columns', async () => {
    expect(await compare(generateColumns(seed).flatMap(({ texts }) => texts))).toBeGreaterThan(10_000);
  }, 120_000);

  it('is the same in texts that are nearly personal, and in any others', async () => {
    const texts = [
      ...fc.sample(nearlyGood, { numRuns: 40_000, seed }),
      ...fc.sample(anyText, { numRuns: 40_000, seed }),
      ...[
        '::',
        '1::',
        '::1.2.3.4',
        '1:2:3:4:5:6:7::',
        '::2:3:4:5:6:7:8',
        'fe80:::1',
        '01.2.3.4',
        '1.2.3.999',
        `Anna ${'B'.repeat(70)}`,
      ],
      ...[
        `Anna ${'𝒜'.repeat(27)}`,
        `Anna ${'𝒜'.repeat(28)}`,
        'x'.repeat(1000),
        '0 '.repeat(500),
        '1:'.repeat(500),
      ],
    ];
    expect(await compare(texts)).toBeGreaterThan(10_000);
  }, 120_000);
});
