import { describe, expect, it } from 'vitest';
import { compileRowTarget } from '../../inference/wire.ts';
import { defineModel } from '../../model/definition.ts';
import { datasetReport } from '../dataset.ts';
import { aDefinition, validate } from '../fixtures/validation.ts';

const features = {
  weight: { type: 'number', min: 0, max: 1000 },
  remark: { type: 'text', mayBeMissing: true },
} as const;
const data = { minRows: 2, maxRejectedShare: 0.5, duplicates: 'keep' } as const;
const rows = (make: (i: number) => string, count = 60) => Array.from({ length: count }, (_, i) => make(i));
const kind = (i: number) => (i % 2 === 0 ? 'apple' : 'pear');
const rejecting = { ...data, checks: { personalData: { action: 'reject' } } } as const;

async function report(definition: Parameters<typeof validate>[0], header: string, lines: string[]) {
  const validated = await validate(definition, [header, ...lines].join('\n'));
  return { ...validated, report: datasetReport.parse(JSON.parse(validated.text('report.json'))) };
}

describe('personal data in an upload', () => {
  const withMail = rows((i) => `${i},${i % 10 === 0 ? `ask ann${i}@example.org` : 'ripe'},${kind(i)}`);

  it('is warned of when a column that is read holds it undeclared', async () => {
    const {
      outcome,
      text,
      report: found,
    } = await report(aDefinition({ features, data }), 'weight,remark,kind', withMail);
    expect(outcome.verdict).toBe('accepted');
    const html = text('report.html');
    expect(html).toContain('<h2>Personal data</h2>');
    expect(html).toContain('6 of 60 cells looked at');
    expect(html).not.toContain('@example.org');
    expect(found.personalData).toEqual([
      {
        column: 'remark',
        isRead: true,
        kind: 'email',
        by: 'values',
        isDeclared: false,
        cells: 6,
        filled: 60,
      },
    ]);
    expect(found.warnings).toEqual([
      'remark holds e-mail addresses (6 of 60 cells looked at, 10%); say so with personalData, or take the column out',
    ]);
  });

  it('rejects the file when the definition says so, also for a column that nobody reads', async () => {
    const definition = aDefinition({ features, data: rejecting });
    const { outcome, report: found } = await report(
      definition,
      'weight,remark,kind,owner',
      rows((i) => `${i},ripe,${kind(i)},DE89370400440532013000`),
    );
    expect(outcome.verdict).toBe('rejected');
    expect(outcome.reasons).toEqual([
      'owner, which the model does not read, holds account numbers (IBAN) (60 of 60 cells looked at, 100%); take it out of the file, or name it in data.columns with personalData',
    ]);
    expect(found.personalData[0]).toMatchObject({ column: 'owner', isRead: false, kind: 'iban' });
  });

  it('is a fact and no finding where it is declared', async () => {
    const declared = { ...features, remark: { ...features.remark, personalData: 'contact' } } as const;
    const { outcome, report: found } = await report(
      aDefinition({ features: declared, data: rejecting }),
      'weight,remark,kind',
      withMail,
    );
    expect(outcome.verdict).toBe('accepted');
    expect(found.personalData).toMatchObject([{ column: 'remark', isDeclared: true }]);
  });

  it('is not looked for when the check is off', async () => {
    const off = { ...data, checks: { personalData: { action: 'off' } } } as const;
    const { report: found } = await report(
      aDefinition({ features, data: off }),
      'weight,remark,kind',
      withMail,
    );
    expect(found.personalData).toEqual([]);
    expect(found.checks.some(({ check }) => check === 'personal-data')).toBe(false);
  });

  it('is told by its name where values have no pattern', async () => {
    const { report: found } = await report(
      aDefinition({ features: { ...features, street: { type: 'text' } }, data }),
      'weight,remark,street,kind',
      rows((i) => `${i},ripe,Long Lane ${i},${kind(i)}`),
    );
    expect(found.personalData).toMatchObject([{ column: 'street', kind: 'address', by: 'name' }]);
  });
});

describe('features of a class that is dropped', () => {
  it('are columns that are read and never kept or asked for', async () => {
    const definition = aDefinition({
      features: { ...features, remark: { ...features.remark, personalData: 'contact' } },
      data,
      privacy: { personalData: { contact: 'drop' } },
    });
    expect(Object.keys(definition.features)).toEqual(['weight']);
    expect(Object.keys(definition.data.columns)).toEqual(['remark']);
    const { text } = await report(
      definition,
      'weight,remark,kind',
      rows((i) => `${i},x,${kind(i)}`),
    );
    expect(text('golden.json')).not.toContain('remark');
  });
});

describe('generalised features', () => {
  const coarse = {
    age: { type: 'integer', min: 0, max: 120, personalData: 'sensitive', generalise: { width: 10 } },
    postcode: { type: 'category', categories: ['101', '203'] as string[], generalise: { keep: 3 } },
  } as const;
  const definition = aDefinition({ features: coarse, data });

  it('are in the dataset as requests are served: by the lower end of their range', async () => {
    const { text, outcome } = await report(
      definition,
      'age,postcode,kind',
      rows((i) => `${20 + (i % 30)},${i % 3 === 0 ? '10115' : '20355'},${kind(i)}`),
    );
    expect(outcome.rows.accepted).toBe(60);
    const golden = JSON.parse(text('golden.json')).rows;
    for (const { age, postcode } of golden) {
      expect([20, 30, 40]).toContain(age);
      expect(['101', '203']).toContain(postcode);
    }
    const { batches, readQuickly, readRows } = compileRowTarget(definition);
    const body = Buffer.from('{"rows":[{"age":37,"postcode":"101"},{"age":30,"postcode":"101"}]}');
    expect(readRows([{ age: 37, postcode: '10115' }])).toEqual([{ age: 30, postcode: '101' }]);
    const columns = readQuickly(body);
    expect(columns).toBeDefined();
    if (!columns) return;
    const given = [
      { age: 37, postcode: '101' },
      { age: 30, postcode: '101' },
    ];
    for (const batch of [batches.ofColumns(columns), batches.ofRows(readRows(given))]) {
      expect([...(batch.matrices.numbers ?? [])]).toEqual([30, 30]);
      expect(batch.rows).toEqual([
        { age: 30, postcode: '101' },
        { age: 30, postcode: '101' },
      ]);
    }
  });

  it.each([
    [{ ...coarse, age: { ...coarse.age, min: 18 } }, /min 18 is not a multiple of 10/],
    [{ ...coarse, postcode: { ...coarse.postcode, categories: ['1011', '203'] } }, /1011 is never met/],
  ])('are refused where the coarser value would be none of the feature', (wrong, message) => {
    expect(() => aDefinition({ features: wrong, data })).toThrow(message);
  });
});

describe('anonymity', () => {
  const quasi = {
    age: { type: 'integer', generalise: { width: 10 } },
    colour: { type: 'category', categories: ['red', 'green'] as string[] },
  } as const;
  const lines = rows((i) => `${i < 3 ? 90 : 20 + (i % 20)},${i % 4 < 2 ? 'red' : 'green'},${kind(i)}`);
  const asked = (action: 'suppress' | 'warn' | 'reject') =>
    aDefinition({
      features: quasi,
      data,
      privacy: { anonymity: { columns: ['age', 'colour'], k: 5, action } },
    });

  it('is reached by leaving small groups out, each row counted', async () => {
    const { text, report: found } = await report(asked('suppress'), 'age,colour,kind', lines);
    expect(found.anonymity).toMatchObject({ groups: 6, smallest: 1, rowsBelow: 3 });
    expect(found.anonymity?.smallestKept).toBeGreaterThanOrEqual(5);
    expect(found.rows.accepted).toBe(57);
    expect(text('report.html')).toContain('Rows in groups of fewer than 5: 3. They were left out');
    expect(found.cleaning).toContainEqual(expect.objectContaining({ step: 'suppression', count: 3 }));
  });

  it('is told, or rejects the file, and leaves the rows alone', async () => {
    const warned = await report(asked('warn'), 'age,colour,kind', lines);
    expect(warned.report.rows.accepted).toBe(60);
    expect(warned.report.warnings).toContainEqual(
      expect.stringContaining('3 rows share age, colour with fewer than 4'),
    );
    expect((await report(asked('reject'), 'age,colour,kind', lines)).outcome.verdict).toBe('rejected');
  });

  it('is refused over columns that nobody reads', () => {
    const wrong = { anonymity: { columns: ['town'] }, subject: 'customer' };
    expect(() => defineModel({ ...asked('warn'), privacy: wrong })).toThrow(
      /anonymity.columns: town is no column.*subject: customer is no column/,
    );
  });
});
