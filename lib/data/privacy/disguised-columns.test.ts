import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { compileRowTarget } from '../../inference/wire.ts';
import {
  bucketOf,
  type Disguise,
  hashBuckets,
  hashedBefore,
  hashedValue,
  maskedValue,
} from '../../model/disguise.ts';
import { parameterTypes, quoteText, wholeText, withWorkspace } from '../database.duckdb.ts';
import { datasetProfile, datasetReport } from '../dataset.ts';
import { parquetOf } from '../fixtures/parquet.ts';
import { aDefinition, type Validated, type ValidationSetting, validate } from '../fixtures/validation.ts';
import { disguiseSql } from './disguise-sql.ts';

const hashKey = createHmac('sha256', 'root').update('fruit').digest();
const features = {
  weight: { type: 'number', min: 0, max: 1000 },
  owner: { type: 'text', personalData: 'identifier', mayBeMissing: true, maxLength: 60 },
  card: { type: 'text', personalData: 'contact', mayBeMissing: true },
  agent: { type: 'category', personalData: 'identifier', categories: hashBuckets(12), mayBeMissing: true },
} as const;
const definition = aDefinition({
  features,
  privacy: { personalData: { identifier: 'hash', contact: 'mask' } },
});
const emails = ['ann@example.org', 'Ünal@example.org', 'bo b@example.org'];
const rows = Array.from({ length: 60 }, (_, i) => ({
  weight: 100 + i,
  owner: emails[i % 3] ?? '',
  card: `40128888888${String(10_000 + i).slice(1)}`,
  agent: `agent ${i % 5}`,
  kind: i % 2 === 0 ? 'apple' : 'pear',
}));
const csv = [
  'weight,owner,card,agent,kind',
  ...rows.map((row) => Object.values(row).join(',')),
  ',ann@example.org,4012888888881881,agent 1,apple',
].join('\n');

async function readSql(disguise: Disguise, value: string): Promise<string | null> {
  return withWorkspace('1GB', async ({ connection }) => {
    const values: string[] = [value];
    const parameter = (text: string) => `CAST($${values.push(text)} AS VARCHAR)`;
    const sql = disguiseSql('v', 'owner', disguise, hashKey, parameter);
    const reader = await connection.runAndReadAll(
      `SELECT ${wholeText(`(${sql})`)} AS v FROM (SELECT CAST($1 AS VARCHAR) AS v)`,
      values,
      parameterTypes(values),
    );
    return z.object({ v: z.string().nullable() }).parse(reader.getRowObjectsJS()[0]).v;
  });
}

/** What of a text is kept, in the dataset and of a request alike: no zero byte, no half of a surrogate pair. */
const texts = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 40 })
  .filter((text) => !text.includes('\0'));

describe('disguiseSql', () => {
  it('hashes as requests are hashed, and leaves a hash as it is', async () => {
    const disguise = { kind: 'hash', key: 'k2' } as const;
    await fc.assert(
      fc.asyncProperty(texts, async (text) => {
        const hashed = hashedValue(hashKey, 'k2', 'owner', text);
        const mac = createHmac('sha256', hashKey)
          .update(`${hashedBefore('owner')}${text}`)
          .digest('hex');
        expect(hashed).toBe(`hmac-k2-${mac.slice(0, 32)}`);
        expect(await readSql(disguise, text)).toBe(hashed);
        expect(await readSql(disguise, hashed)).toBe(hashed);
        expect(hashedValue(hashKey, 'k2', 'owner', hashed)).toBe(hashed);
      }),
      { numRuns: 100 },
    );
  });

  it('puts into the bucket that requests fall into, and leaves a bucket as it is', async () => {
    const counts = fc.constantFrom(2, 10, 11, 64, 1000);
    await fc.assert(
      fc.asyncProperty(texts, counts, async (text, buckets) => {
        const disguise = { kind: 'bucket', key: '1', buckets } as const;
        const bucket = bucketOf(hashKey, 'owner', text, hashBuckets(buckets));
        expect(hashBuckets(buckets)).toContain(bucket);
        expect(await readSql(disguise, text)).toBe(bucket);
        expect(await readSql(disguise, bucket)).toBe(bucket);
      }),
      { numRuns: 100 },
    );
    // Looks like a bucket, and is none of so many.
    expect(await readSql({ kind: 'bucket', key: '1', buckets: 11 }, 'bucket-99')).toBe(
      bucketOf(hashKey, 'owner', 'bucket-99', hashBuckets(11)),
    );
  });

  it('masks as requests are masked, and leaves what is masked as it is', async () => {
    await fc.assert(
      fc.asyncProperty(texts, fc.integer({ min: 0, max: 20 }), async (text, keepLast) => {
        const masked = maskedValue(text, keepLast);
        expect(await readSql({ kind: 'mask', keepLast }, text)).toBe(masked);
        expect(maskedValue(masked, keepLast)).toBe(masked);
      }),
      { numRuns: 100 },
    );
  });
});

describe('maskedValue', () => {
  it.each([
    ['4012888888881881', 4, '************1881'],
    ['1234', 4, '**34'],
    ['1', 4, '*'],
    ['4012', 0, '****'],
  ])('shows of %s with %i', (text, keepLast, masked) => {
    expect(maskedValue(text, keepLast)).toBe(masked);
  });
});

describe('hashedValue', () => {
  it('is another for another key, name of a key, or feature', () => {
    const all = [
      hashedValue(hashKey, '1', 'owner', 'ann'),
      hashedValue(hashKey, '2', 'owner', 'ann'),
      hashedValue(hashKey, '1', 'card', 'ann'),
      hashedValue(Buffer.alloc(32), '1', 'owner', 'ann'),
    ];
    expect(new Set(all.map((each) => each.slice(-32))).size).toBe(3);
    expect(new Set(all).size).toBe(4);
  });
});

describe('a dataset with hashed and masked columns', () => {
  const setting: ValidationSetting = { hashKey };
  const trainRows = async ({ bytes }: Validated) =>
    withWorkspace('1GB', async ({ connection, folder }) => {
      const { writeFile } = await import('node:fs/promises');
      await writeFile(`${folder}/train.parquet`, bytes('train.parquet'));
      const reader = await connection.runAndReadAll(
        `SELECT weight, owner, card, agent FROM read_parquet(${quoteText(`${folder}/train.parquet`)})`,
      );
      return z
        .array(
          z.object({
            weight: z.number(),
            owner: z.string(),
            card: z.string(),
            agent: z.string(),
          }),
        )
        .parse(reader.getRowObjectsJS());
    });

  it('holds what a request with the same values becomes, whichever reader reads it', async () => {
    const validated = await validate(definition, csv, setting);
    const { readRows, readQuickly, batches } = compileRowTarget(definition, hashKey);
    const stored = await trainRows(validated);
    expect(stored.length).toBeGreaterThan(30);
    for (const row of stored) {
      const { kind: _, ...given } = rows[row.weight - 100] ?? { kind: '' };
      expect(readRows([given])).toEqual([row]);
      const body = new TextEncoder().encode(JSON.stringify({ rows: [{ ...given, agent: row.agent }] }));
      const columns = readQuickly(body);
      expect(columns && batches.ofColumns(columns).rows).toEqual([row]);
      expect(columns && batches.ofColumns(columns).matrices.texts).toEqual([row.owner, row.card, row.agent]);
    }
    expect(stored[0]?.owner).toMatch(/^hmac-1-[0-9a-f]{32}$/);
    expect(stored[0]?.card).toMatch(/^\*{11}\d{4}$/);
  });

  it('is the same from Parquet', async () => {
    const values = rows.map(
      ({ weight, owner, card, agent, kind }) =>
        `(${weight}::DOUBLE, ${quoteText(owner)}, ${quoteText(card)}, ${quoteText(agent)}, ${quoteText(kind)})`,
    );
    const file = await parquetOf(
      `SELECT * FROM (VALUES ${values.join(', ')}) AS t(weight, owner, card, agent, kind)`,
    );
    const fromParquet = await validate(definition, file, { ...setting, key: 'incoming/fruit/a.parquet' });
    const [one, other] = [
      await trainRows(fromParquet),
      await trainRows(await validate(definition, csv, setting)),
    ];
    expect(one).toEqual(other);
  });

  it('has nothing of the values and nothing of the key in any file, and says what was done', async () => {
    const { store, text } = await validate(definition, csv, setting);
    const kept = [...store.objects].filter(([key]) => key.startsWith('datasets/'));
    expect(kept.length).toBeGreaterThan(6);
    for (const [, content] of kept) {
      const bytes = content.toString('latin1');
      for (const secret of [
        'ann@',
        'example.org',
        '4012888',
        hashKey.toString('latin1'),
        hashKey.toString('hex'),
      ]) {
        expect(bytes).not.toContain(secret);
      }
    }
    const report = datasetReport.parse(JSON.parse(text('report.json')));
    expect(report.rows).toMatchObject({ accepted: 60, quarantined: 1 });
    expect(report.cleaning.filter(({ step }) => step === 'pseudonymisation')).toEqual([
      {
        step: 'pseudonymisation',
        column: 'owner',
        place: 'dataset',
        count: 60,
        message: '60 values became hashes by the key 1, here and in every request',
      },
      {
        step: 'pseudonymisation',
        column: 'card',
        place: 'dataset',
        count: 60,
        message: '60 values keep their last 4 characters at most, here and in every request',
      },
      {
        step: 'pseudonymisation',
        column: 'agent',
        place: 'dataset',
        count: 60,
        message: '60 values became buckets by the key 1, here and in every request',
      },
    ]);
    expect(text('report.html')).toContain('became hashes by the key 1');
  });

  it('is compared with one hashed by the same key, and not with one hashed by another', async () => {
    const first = await validate(definition, csv, setting);
    const earlier = datasetProfile.parse(JSON.parse(first.text('profile.json')));
    expect(earlier.hashed).toEqual({ owner: '1', agent: '1' });
    const compared = async (keyName: string) => {
      const asked = aDefinition({
        features,
        privacy: { personalData: { identifier: 'hash', contact: 'mask' }, hash: { key: keyName } },
      });
      const key = createHmac('sha256', 'root').update(keyName).digest();
      const again = await validate(asked, csv, { hashKey: keyName === '1' ? hashKey : key, earlier });
      const { checks } = datasetReport.parse(JSON.parse(again.text('report.json')));
      return checks.filter(({ check }) => check === 'shift').map(({ column }) => column);
    };
    expect(await compared('1')).toEqual(['weight', 'owner', 'card', 'agent']);
    expect(await compared('2')).toEqual(['weight', 'card']);
  });

  it('is not made where the key does not answer', async () => {
    await expect(validate(definition, csv)).rejects.toMatchObject({
      code: 'hash-key-unavailable',
      message: 'fruit hashes with the key 1, and there is none here',
    });
  });
});

describe('a request for a model that hashes', () => {
  const hashed = hashedValue(hashKey, '1', 'owner', 'ann@example.org');
  const cells = { weight: 100, card: null, agent: null };

  it('is answered without the key when it comes hashed, and refused otherwise', () => {
    const { readRows, readQuickly } = compileRowTarget(definition);
    expect(readRows([{ ...cells, owner: hashed }])).toEqual([{ ...cells, owner: hashed }]);
    expect(readRows([{ ...cells, owner: null }])).toEqual([{ ...cells, owner: null }]);
    expect(() => readRows([{ ...cells, owner: 'ann@example.org' }])).toThrow(
      '/rows/0/owner is hashed before it is used, and the key is not here; send it hashed',
    );
    expect(readRows([{ ...cells, owner: hashed, agent: 'bucket-07' }])).toMatchObject([
      { agent: 'bucket-07' },
    ]);
    expect(() => readRows([{ ...cells, owner: hashed, agent: 'agent 1' }])).toThrow('send it hashed');
    expect(readQuickly(new TextEncoder().encode('{"rows":[{"weight":1,"owner":"ann"}]}'))).toBeUndefined();
  });

  it('is held against the definition before it is hashed', () => {
    const { readRows } = compileRowTarget(definition, hashKey);
    expect(() => readRows([{ ...cells, owner: 'x'.repeat(61) }])).toThrow('is longer than 60 characters');
    expect(() => readRows([{ ...cells, owner: 7 }])).toThrow('a text is needed');
  });
});

describe('a definition', () => {
  const of = (over: object) => () =>
    aDefinition({ features, privacy: { personalData: { identifier: 'hash' } }, ...over });

  it.each<[string, object, RegExp]>([
    [
      'hashes a number',
      { features: { ...features, age: { type: 'integer', personalData: 'identifier' } } },
      /features\.age: privacy\.personalData\.identifier asks for hash, which is for texts and categories; declare it as one/,
    ],
    [
      'lists the categories that it hashes',
      { features: { faith: { type: 'category', personalData: 'identifier', categories: ['a', 'b'] } } },
      /features\.faith: .* its categories would say what is hashed; write categories: hashBuckets\(64\)/,
    ],
    [
      'has buckets and hashes nothing',
      { features: { faith: { type: 'category', categories: hashBuckets(8) } } },
      /features\.faith: its categories are buckets of hashes/,
    ],
    [
      'masks a category',
      {
        features: { faith: { type: 'category', personalData: 'contact', categories: ['a', 'b'] } },
        privacy: { personalData: { contact: 'mask' } },
      },
      /asks for mask, which is for texts; declare it as one/,
    ],
    [
      'has a name of a key that is none',
      { privacy: { personalData: { identifier: 'hash' }, hash: { key: 'A-1' } } },
      /privacy\.hash\.key: use 1 to 16 of a-z and 0-9/,
    ],
    ['masks by less than nothing', { privacy: { mask: { keepLast: -1 } } }, /privacy\.mask\.keepLast/],
  ])('is refused that %s', (_, over, message) => {
    expect(of(over)).toThrow(message);
  });
});
