import { describe, expect, it } from 'vitest';
import { EvergreenError } from '../shared/errors.ts';
import { datasetManifest, datasetProfile, datasetReport, goldenRows, quarantinedRow } from './dataset.ts';
import { memoryObjects } from './fixtures/memory-objects.ts';
import { aDefinition, fruitHeader, fruitRows, textLike, validate } from './fixtures/validation.ts';
import { readRows } from './parquet-rows.duckdb.ts';
import { sideOf } from './split.ts';

const definition = aDefinition();
const csv = (...rows: string[]) => [fruitHeader, ...rows, ''].join('\n');
const quarantineOf = (text: string) =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => quarantinedRow.parse(JSON.parse(line)));

describe('validateDataset', () => {
  it('leaves every file of an accepted dataset, the manifest last', async () => {
    const definition = aDefinition({ data: { minRows: 2, split: { method: 'seeded', seed: 42 } } });
    const { outcome, store, text, bytes } = await validate(definition, csv(...fruitRows(100)));
    expect(outcome).toMatchObject({ verdict: 'accepted', reasons: [] });
    expect(outcome.rows).toEqual({
      read: 100,
      accepted: 100,
      quarantined: 0,
      duplicates: 0,
      train: 80,
      test: 20,
    });
    expect(store.written.at(-1)).toBe(outcome.manifestKey);
    const manifest = datasetManifest.parse(JSON.parse(text('manifest.json')));
    for (const file of Object.values(manifest.files)) {
      if (file !== null) expect(store.digests()[file.key]).toBe(file.sha256);
    }
    expect(datasetProfile.parse(JSON.parse(text('profile.json'))).rows).toBe(80);
    expect(goldenRows.parse(JSON.parse(text('golden.json'))).rows).toHaveLength(20);
    const rows = [
      ...(await readRows(bytes('train.parquet'), definition)),
      ...(await readRows(bytes('test.parquet'), definition)),
    ];
    const written = rows.map((row) => [row.weight, row.seeds, row.colour ?? '', row.kind].join(','));
    expect(written.sort()).toEqual(fruitRows(100).sort());
  });

  it('writes a report and no dataset for a rejected file', async () => {
    const { outcome, store, text } = await validate(
      definition,
      csv('x,1,red,apple', '1,2,blue,pear', '1,2,red,pear'),
    );
    expect(outcome).toMatchObject({ verdict: 'rejected', manifestKey: null });
    expect(store.written.map((key) => key.split('/').at(-1)).sort()).toEqual([
      'quarantine.jsonl',
      'report.html',
      'report.json',
    ]);
    const report = datasetReport.parse(JSON.parse(text('report.json')));
    expect(report.problemsByRule).toEqual({ type: 1, category: 1 });
    expect(report.rows).toMatchObject({ read: 3, quarantined: 2, accepted: 1, train: 0, test: 0 });
  });

  it.each([
    [
      'a word for a number',
      'abc,1,red,apple',
      'weight',
      'type',
      'line 2: weight is "abc"; a number is needed',
    ],
    ['NaN', 'NaN,1,red,apple', 'weight', 'type', 'line 2: weight is "NaN"; a number is needed'],
    ['inf', '-inf,1,red,apple', 'weight', 'type', 'line 2: weight is "-inf"; a number is needed'],
    [
      'a number beyond a double',
      '1e999,1,red,apple',
      'weight',
      'type',
      'line 2: weight is "1e999"; a number between -3.4e38 and 3.4e38 is needed',
    ],
    [
      'a number beyond FP32',
      '1e39,1,red,apple',
      'weight',
      'type',
      'line 2: weight is "1e39"; a number between -3.4e38 and 3.4e38 is needed',
    ],
    ['an underscore', '1_000,1,red,apple', 'weight', 'type', 'line 2: weight is "1_000"; a number is needed'],
    ['a decimal comma', '"1,5",1,red,apple', 'weight', 'type', 'line 2: weight is "1,5"; a number is needed'],
    ['hexadecimal', '0x10,1,red,apple', 'weight', 'type', 'line 2: weight is "0x10"; a number is needed'],
    ['a fraction', '1,1.5,red,apple', 'seeds', 'type', /^line 2: seeds is "1.5"; a whole number between/],
    ['too many digits', '1,9007199254740993,red,apple', 'seeds', 'type', /a whole number between/],
    ['an endless integer', `1,${'9'.repeat(400)},red,apple`, 'seeds', 'type', /^line 2: seeds is "9{60}…"/],
    [
      'too small',
      '-1,1,red,apple',
      'weight',
      'range',
      'line 2: weight is "-1"; a number from 0 to 1000 is needed',
    ],
    [
      'below a minimum',
      '1,-1,red,apple',
      'seeds',
      'range',
      'line 2: seeds is "-1"; a whole number of at least 0 is needed',
    ],
    ['nothing', ',1,red,apple', 'weight', 'missing', 'line 2: weight is missing'],
    ['blanks', '  ,1,red,apple', 'weight', 'missing', 'line 2: weight is missing'],
    [
      'another category',
      '1,1,blue,apple',
      'colour',
      'category',
      'line 2: colour is "blue"; one of red, green is needed',
    ],
    ['a category with a blank', '1,1, red,apple', 'colour', 'category', /colour is " red"/],
    ['no target', '1,1,red,', 'kind', 'target', 'line 2: kind is missing'],
    [
      'another target',
      '1,1,red,plum',
      'kind',
      'target',
      'line 2: kind is "plum"; one of apple, pear is needed',
    ],
    ['a short row', '1,1,red', null, 'shape', 'line 2: the row has 3 cells; the header has 4'],
    ['a long row', '1,1,red,apple,', null, 'shape', 'line 2: the row has 5 cells; the header has 4'],
  ])('keeps out a row with %s', async (_, row, column, rule, message) => {
    const { outcome, text } = await validate(definition, csv(row, ...fruitRows(4)));
    expect(outcome).toMatchObject({ verdict: 'accepted', rows: { read: 5, quarantined: 1, accepted: 4 } });
    const [kept, ...more] = quarantineOf(text('quarantine.jsonl'));
    expect(more).toEqual([]);
    expect(kept?.line).toBe(2);
    expect(kept?.problems).toEqual([
      {
        line: 2,
        column,
        rule,
        value: expect.toSatisfy((value) => value === null || typeof value === 'string'),
        message: textLike(message),
      },
    ]);
  });

  it.each([
    ['blanks around numbers', ' 5.5 ,\t3,red,apple', { weight: 5.5, seeds: 3 }],
    ['signs and exponents', '+1.5e2,3.0,red,apple', { weight: 150, seeds: 3 }],
    ['bare fractions', '.5,007,,apple', { weight: 0.5, seeds: 7, colour: null }],
    ['quoted cells', '"5","3","red","apple"', { weight: 5, seeds: 3, colour: 'red' }],
  ])('reads %s', async (_, row, wanted) => {
    const { bytes } = await validate(definition, csv(row, ...fruitRows(8)));
    const rows = [
      ...(await readRows(bytes('train.parquet'), definition)),
      ...(await readRows(bytes('test.parquet'), definition)),
    ];
    expect(rows).toContainEqual(expect.objectContaining(wanted));
  });

  it.each([
    ['an empty file', '', 'the file is empty'],
    ['a header alone', `${fruitHeader}\n`, 'the file holds no rows'],
    [
      'a missing column',
      'weight,seeds,kind\n1,1,apple\n',
      'line 1: column "colour" is missing; the file has "weight", "seeds", "kind"',
    ],
    ['other separators', 'weight;seeds;colour;kind\n1;1;red;apple\n', /separate cells by commas/],
    [
      'a column twice',
      'weight,seeds,colour,kind,weight\n1,1,red,apple,2\n',
      'line 1: column "weight" is in the header twice',
    ],
    [
      'a quote never closed',
      csv('1,1,red,apple', '2,2,"red,pear', '3,3,red,apple'),
      /^line 3: a quote is opened here and never closed/,
    ],
    [
      'Latin-1',
      Buffer.from(csv('1,1,r\xf6d,apple'), 'latin1'),
      'line 2: the text is not UTF-8; save the file as UTF-8',
    ],
    [
      'a giant line',
      csv(`1,1,${'r'.repeat(2_000_000)},apple`),
      'line 2: the line is longer than 1048576 bytes',
    ],
  ])('rejects %s', async (_, content, reason) => {
    const { outcome, text } = await validate(definition, content);
    expect(outcome.verdict).toBe('rejected');
    expect(outcome.reasons).toEqual([textLike(reason)]);
    expect(text('report.html')).toContain('Rejected');
  });

  it.each([
    ['a mark and CRLF', `\ufeff${csv(...fruitRows(30)).replaceAll('\n', '\r\n')}`],
    ['blank lines', csv(...fruitRows(30)).replaceAll('\n', '\n\n')],
    [
      'columns in another order and one more',
      [
        'kind,extra,colour,seeds,weight',
        ...fruitRows(30).map((row) => {
          const [weight, seeds, colour, kind] = row.split(',');
          return `${kind},"x, ""y""\nz",${colour},${seeds},${weight}`;
        }),
      ].join('\n'),
    ],
  ])('reads the same rows from a file with %s', async (_, content) => {
    const [plain, varied] = [
      await validate(definition, csv(...fruitRows(30))),
      await validate(definition, content),
    ];
    expect(varied.outcome.rows).toEqual(plain.outcome.rows);
    expect(varied.bytes('train.parquet')).toEqual(plain.bytes('train.parquet'));
    expect(varied.bytes('test.parquet')).toEqual(plain.bytes('test.parquet'));
  });

  it('counts lines by the file when cells span several', async () => {
    const content = `${fruitHeader},note\n1,1,red,apple,"a\nb\nc"\nx,1,red,pear,\n${fruitRows(4)
      .map((row) => `${row},`)
      .join('\n')}`;
    const { text } = await validate(definition, content);
    expect(quarantineOf(text('quarantine.jsonl'))[0]?.line).toBe(5);
    expect(datasetReport.parse(JSON.parse(text('report.json'))).ignoredColumns).toEqual(['note']);
  });

  it('tells copies from rows, and drops them when asked', async () => {
    const rows = [...fruitRows(10), ...fruitRows(3), '100.0,0,red,apple'];
    const kept = await validate(definition, csv(...rows));
    expect(kept.outcome.rows).toMatchObject({ read: 14, accepted: 14, duplicates: 4 });
    const dropped = await validate(aDefinition({ data: { minRows: 2, duplicates: 'drop' } }), csv(...rows));
    expect(dropped.outcome.rows).toMatchObject({ read: 14, accepted: 10, duplicates: 4, quarantined: 0 });
  });

  it('takes equal rows of different identity for two observations', async () => {
    const identified = aDefinition({ identity: ['id'], data: { minRows: 2, duplicates: 'drop' } });
    const content = [
      `id,${fruitHeader}`,
      ...['a', 'b', 'a'].map((id) => `${id},1,1,red,apple`),
      'c,2,2,red,pear',
    ].join('\n');
    const { outcome } = await validate(identified, content);
    expect(outcome.rows).toMatchObject({ accepted: 3, duplicates: 1 });
  });

  it('puts a row on the side its identity says', async () => {
    const identified = aDefinition({ identity: ['id'] });
    const n = 200;
    const content = [`id,${fruitHeader}`, ...fruitRows(n).map((row, i) => `é${i},${row}`)].join('\n');
    const { bytes } = await validate(identified, content);
    const held = await readRows(bytes('test.parquet'), identified);
    const wanted = Array.from({ length: n }, (_, i) => i).filter(
      (i) => sideOf(`${Buffer.byteLength(`é${i}`)}:é${i}`, 0.2) === 'test',
    );
    expect(held.map(({ weight }) => weight)).toEqual(wanted.map((i) => 100 + i));
  });

  it('fills both sides of the smallest dataset', async () => {
    for (const share of [0.01, 0.99]) {
      const tiny = aDefinition({
        data: { minRows: 2, split: { method: 'hash', testShare: share } },
        task: 'regression',
        target: { name: 'kind', type: 'number' },
      });
      const { outcome } = await validate(tiny, csv('1,1,red,1', '2,2,red,2'));
      expect(outcome.rows).toMatchObject({ train: 1, test: 1 });
    }
  });

  it('never shows personal values', async () => {
    const personal = aDefinition({
      features: {
        mail: { type: 'text', personalData: 'contact', maxLength: 12 },
        age: { type: 'integer', min: 0, max: 150, personalData: 'sensitive' },
      },
      identity: ['customer'],
    });
    const content = [
      'mail,age,kind,customer',
      'secret-and-far-too-long,40,apple,C-77',
      'a@b,999,apple,C-78',
      'a@c,secret,pear,C-79',
      'secret,C-80',
      ...Array.from({ length: 9 }, (_, i) => `m${i},${i},pear,D${i}`),
    ].join('\n');
    const { outcome, text } = await validate(personal, content);
    expect(outcome.rows.quarantined).toBe(4);
    for (const file of ['report.json', 'report.html', 'quarantine.jsonl']) {
      expect(text(file)).not.toMatch(/secret|999|C-7|C-8|a@b/);
      expect(text(file)).toContain('(masked)');
    }
  });

  it('ends as upload-missing when the version is gone', async () => {
    const store = memoryObjects();
    await validate(definition, csv(...fruitRows(30)), { store });
    store.objects.delete('incoming/fruit/upload.csv');
    const put = store.put;
    store.put = (key, content) => (key.startsWith('incoming/') ? undefined : put(key, content));
    await expect(validate(definition, '', { store })).rejects.toMatchObject({
      code: 'upload-missing',
      kind: 'not-found',
    });
  });

  it('does not read a file over the size limit', async () => {
    const { outcome, text } = await validate(definition, csv(...fruitRows(100)), { maxSourceBytes: 100 });
    expect(outcome.reasons).toEqual([
      expect.stringMatching(/^the file has \d+ bytes; at most 100 are read$/),
    ]);
    expect(datasetReport.parse(JSON.parse(text('report.json'))).source.sha256).toBeNull();
  });

  it.each(['upload.txt', 'upload', 'upload.csv.zip', 'upload.parquet'])(
    'rejects the name %s',
    async (name) => {
      const csvAlone = aDefinition({ data: { formats: ['csv'] } });
      const { outcome } = await validate(csvAlone, csv(...fruitRows(30)), { key: `incoming/fruit/${name}` });
      expect(outcome.reasons).toEqual([
        `the name ${name} does not end as it should; use one of .csv, .csv.gz`,
      ]);
    },
  );

  it('has one zero, whether rows repeat or not', async () => {
    const zeros = ['-0.0,1,red,apple', '-0,2,red,pear', '0,3,red,apple', '-0e5,4,red,pear'];
    for (const content of [csv(...zeros), csv(...zeros, ...zeros)]) {
      const { bytes } = await validate(definition, content);
      const rows = [
        ...(await readRows(bytes('train.parquet'), definition)),
        ...(await readRows(bytes('test.parquet'), definition)),
      ];
      for (const { weight } of rows) expect(weight).toBe(0);
    }
  });

  it('is not led on by a definition that is not the one asked for', async () => {
    const store = memoryObjects();
    const put = store.put;
    store.put = (key, content) =>
      put(
        key,
        key.startsWith('definitions/')
          ? String(content).replace(/"digest":"[0-9a-f]{64}"}$/, `"digest":"${'0'.repeat(64)}"}`)
          : content,
      );
    await expect(validate(definition, csv(), { store })).rejects.toBeInstanceOf(EvergreenError);
  });
});
