import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DatasetReport } from '../dataset.ts';
import { parquetOf } from '../fixtures/parquet.ts';
import { fruitHeader, fruitRows } from '../fixtures/validation.ts';
import { csvPart, many, one } from './fixtures/many-files.ts';

/** A report without what only its origin makes. */
function bare({ source: _, createdAt: __, durationMs: ___, ...report }: DatasetReport) {
  return report;
}

describe('an upload of many files', () => {
  it('is the dataset of the same rows in one file: id, split, files and report', async () => {
    const rows = fruitRows(90);
    const whole = await one([fruitHeader, ...rows, ''].join('\n'));
    const parted = await many([
      csvPart('a.csv', rows.slice(0, 30)),
      { name: 'b.csv.gz', content: gzipSync(`\ufeff${[fruitHeader, ...rows.slice(30, 31)].join('\n')}`) },
      csvPart('c.csv', rows.slice(31)),
    ]);
    expect(parted.verdict).toBe('accepted');
    expect(parted.manifest?.datasetId).toBe(whole.manifest?.datasetId);
    expect(parted.manifest?.files.train.sha256).toBe(whole.manifest?.files.train.sha256);
    expect(parted.manifest?.files.test.sha256).toBe(whole.manifest?.files.test.sha256);
    expect(parted.file('golden.json')).toBe(whole.file('golden.json'));
    expect(parted.file('profile.json')).toBe(whole.file('profile.json'));
    expect(bare(parted.report)).toEqual(bare(whole.report));
    expect(parted.manifest?.source.key).toBe('rewritten/fruit/joined-r1/june.csv');
    expect(parted.manifest?.gatheredFrom?.map(({ key }) => key)).toEqual([
      'incoming/fruit/june.manifest.json',
      'incoming/fruit/june.parts/a.csv',
      'incoming/fruit/june.parts/b.csv.gz',
      'incoming/fruit/june.parts/c.csv',
    ]);
  });

  it('is that however the rows are parted, and each bad line is told by file and line', async () => {
    const bad = ['x,1,red,apple', '1,2,red', '5,1,blue,pear', '', '"7\n",1,red,apple'];
    const row = fc.oneof(
      { weight: 3, arbitrary: fc.nat(200).map((i) => fruitRows(i + 1)[i] ?? '') },
      { weight: 1, arbitrary: fc.constantFrom(...bad) },
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(row, { maxLength: 12 }), { minLength: 1, maxLength: 5 }),
        fc.constantFrom('\n', '\r\n'),
        async (parts, end) => {
          const ended = parts.map((rows) => rows.map((each) => each.replaceAll('\n', end)));
          const whole = await one([fruitHeader, ...ended.flat(), ''].join(end));
          const parted = await many(
            ended.map((rows, at) => ({ name: `${at}.csv`, content: [fruitHeader, ...rows, ''].join(end) })),
          );
          const unnamed = (report: DatasetReport) => ({
            ...bare(report),
            problems: report.problems.map(({ rule, column, value }) => ({ rule, column, value })),
            worstRows: report.worstRows.map(({ values }) => values),
          });
          expect(unnamed(parted.report)).toEqual(unnamed(whole.report));
          expect(parted.manifest?.files.train.sha256).toBe(whole.manifest?.files.train.sha256);
          for (const { file, line, message } of parted.report.problems) {
            if (line === 0) continue;
            const lines = [fruitHeader, ...(ended[Number.parseInt(file ?? '', 10)] ?? [])]
              .join('\n')
              .split('\n');
            expect(bad.map((each) => each.split('\n')[0])).toContain(lines[line - 1]?.replace('\r', ''));
            expect(message).toMatch(new RegExp(`^${file} line ${line}: `));
          }
        },
      ),
      { numRuns: 25 },
    );
  }, 120_000);

  it('of Parquet is the same rows, told by row', async () => {
    const parquet = (from: number, to: number) =>
      parquetOf(
        `SELECT (100 + i)::DOUBLE AS weight, (i % 7)::INTEGER AS seeds, ['red','green','blue'][1 + i % 3] AS colour, CASE WHEN i % 2 = 0 THEN 'apple' ELSE 'pear' END AS kind FROM range(${from}, ${to}) AS t(i)`,
      );
    const whole = await one(await parquet(0, 60), 'june.parquet');
    const parted = await many([
      { name: 'a.parquet', content: await parquet(0, 20) },
      { name: 'b.parquet', content: await parquet(20, 60) },
    ]);
    expect(parted.verdict).toBe('accepted');
    expect(parted.manifest?.files.train.sha256).toBe(whole.manifest?.files.train.sha256);
    expect(parted.report.problems[7]).toMatchObject({ file: 'b.parquet', line: 4 });
    expect(parted.report.problems[7]?.message).toMatch(/^b\.parquet line 4: colour is "blue"/);
  });

  it('of JSON lines is the same rows', async () => {
    const lines = (from: number, to: number) =>
      Array.from({ length: to - from }, (_, i) =>
        JSON.stringify({ weight: from + i, seeds: 1, colour: 'red', kind: i % 2 ? 'apple' : 'pear' }),
      );
    const whole = await one([...lines(0, 20), ...lines(20, 50)].join('\n'), 'june.jsonl');
    const parted = await many([
      { name: 'a.jsonl', content: lines(0, 20).join('\n') },
      { name: 'b.ndjson.gz', content: gzipSync(lines(20, 50).join('\n')) },
    ]);
    expect(bare(parted.report)).toEqual({ ...bare(whole.report), datasetId: expect.any(String) });
  });

  it('is refused as a whole when one file cannot be read, and all such files are named', async () => {
    const seen = await many([
      csvPart('a.csv', fruitRows(20)),
      { name: 'b.csv', content: Buffer.from([...Buffer.from(`${fruitHeader}\n1,1,red,`), 0xe9, 0x0a]) },
      csvPart('c.csv', ['1,1,"red,apple']),
      { name: 'd.csv', content: `weight,colour,seeds,kind\n1,red,1,apple` },
      { name: 'e.csv', content: fruitHeader, sha256: 'd'.repeat(64) },
      { name: 'f.csv.gz', content: gzipSync('x').subarray(0, 10) },
    ]);
    expect(seen.verdict).toBe('rejected');
    expect(seen.manifest).toBeNull();
    expect(seen.report.problems.map(({ file, line }) => [file, line])).toEqual([
      ['b.csv', 2],
      ['c.csv', 2],
      ['e.csv', 0],
      ['f.csv.gz', 0],
      ['d.csv', 0],
    ]);
    expect(seen.reasons[0]).toBe('b.csv line 2: the text is not UTF-8; save the file as UTF-8');
    expect(seen.reasons[2]).toMatch(
      /^e\.csv: has the digest \w+, and the manifest says d+; upload it again$/,
    );
    expect(seen.reasons[4]).toBe(
      'd.csv: has other columns than a.csv: column 2 is "colour", and "seeds" there; write the same columns in the same order',
    );
    expect(seen.store.keys('rewritten/')).toEqual([]);
  });

  it.each([
    [
      'that is cut off',
      '{"parts": [{"name": "a.csv"}',
      /^june\.manifest\.json: the manifest is not JSON; write/,
    ],
    ['of no files', '{"parts": []}', /does not fit/],
    ['with keys of its own', '{"parts": [{"name": "a.csv", "key": "x"}]}', /does not fit: .*key/],
    [
      'of too many files',
      JSON.stringify({ parts: Array.from({ length: 1001 }, (_, i) => ({ name: `${i}.csv` })) }),
      /1 to 1000 files/,
    ],
    [
      'that names a file twice',
      '{"parts": [{"name": "a.csv"}, {"name": "a.csv"}]}',
      /^a\.csv: is named twice/,
    ],
    [
      'that names what is not there',
      '{"parts": [{"name": "a.csv"}, {"name": "gone.csv"}]}',
      /^gone\.csv: is not there; upload it below/,
    ],
    [
      'that points elsewhere',
      '{"parts": [{"name": "a.csv"}, {"name": "../x.csv"}]}',
      /^\.\.\/x\.csv: is not there/,
    ],
    [
      'of two formats',
      '{"parts": [{"name": "a.csv"}, {"name": "b.parquet"}]}',
      /^b\.parquet: is parquet, and the first file is csv/,
    ],
    ['of archives', '{"parts": [{"name": "a.zip"}]}', /^a\.zip: does not end as it should; use one of \.csv/],
    ['of an empty file', '{"parts": [{"name": "empty.csv"}]}', /^empty\.csv: is empty/],
    [
      'of a file that is too large',
      '{"parts": [{"name": "large.csv"}]}',
      /^large\.csv: has 1000001 bytes; a file of many may have 1000000/,
    ],
    ['that is too long', ' '.repeat((1 << 20) + 1), /longer than 1048576 bytes/],
  ])('is refused by its manifest %s', async (_, manifest, reason) => {
    const parts = [
      csvPart('a.csv', fruitRows(5)),
      { name: 'empty.csv', content: '' },
      { name: 'large.csv', content: 'x'.repeat(1_000_001) },
    ];
    const { verdict, reasons } = await many(parts, { manifest });
    expect([verdict, ...reasons]).toEqual(['rejected', expect.stringMatching(reason)]);
  });

  it('is refused when the files are too large together, packed or not', async () => {
    const large = `${fruitHeader}\n${' '.repeat(900_000)}1,1,red,apple`;
    const named = ['a', 'b', 'c'].map((name) => ({ name: `${name}.csv`, content: large }));
    expect((await many(named)).reasons).toEqual([
      'june: the files have 2700114 bytes together; at most 2000000 are joined',
    ]);
    const packed = named.map(({ name, content }) => ({ name: `${name}.gz`, content: gzipSync(content) }));
    expect((await many(packed)).reasons[0]).toMatch(/unpack to \d+ bytes together/);
  });

  it('reads the versions that were there when it began, whatever is written or deleted since', async () => {
    const parts = [csvPart('a.csv', fruitRows(20)), csvPart('b.csv', fruitRows(30))];
    const overwritten = await many(parts, {
      before: (made) => void made.put('incoming/fruit/june.parts/a.csv', 'rubbish'),
    });
    expect(overwritten.report).toMatchObject({ verdict: 'accepted', rows: { read: 50 } });
    const deleted = await many(parts, {
      before: ({ versions }) => {
        const at = versions.findIndex(({ key }) => key.endsWith('b.csv'));
        versions.splice(at, 1);
      },
    });
    expect(deleted.reasons).toEqual(['b.csv: was deleted before it was read; upload it again']);
  });

  it('whose files change between reading and joining ends as artifact-damaged, and leaves no upload', async () => {
    for (const [name, content] of [
      ['a.csv', [fruitHeader, ...fruitRows(5)].join('\n')],
      [
        'a.parquet',
        await parquetOf("SELECT 1::DOUBLE AS weight, 1 AS seeds, 'red' AS colour, 'pear' AS kind"),
      ],
    ] as const) {
      const seen = many([{ name, content }], {
        beforeJoin: ({ versions }) => {
          for (const each of versions) {
            if (/\.rows$|\.parquet$/.test(each.key)) each.content = Buffer.from('something else');
          }
        },
      });
      await expect(seen).rejects.toMatchObject({ code: 'artifact-damaged' });
    }
  });
});
