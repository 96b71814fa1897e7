import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { defineModel } from '../model/definition.ts';
import { datasetReport } from './dataset.ts';
import { validate } from './fixtures/validation.ts';
import { readRows } from './parquet-rows.duckdb.ts';

const definition = defineModel({
  name: 'letters',
  task: 'regression',
  features: {
    text: { type: 'text', mayBeMissing: true },
    number: { type: 'number', mayBeMissing: true },
    count: { type: 'integer', mayBeMissing: true },
    flag: { type: 'boolean', mayBeMissing: true },
  },
  target: { name: 'place', type: 'number' },
  data: { minRows: 2, maxRejectedShare: 0, duplicates: 'keep', split: { method: 'seeded', seed: 1 } },
  train: {},
});

const hostileText = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc.string({ unit: fc.constantFrom('"', ',', '\n', '\r', "'", ' ', 'é', '\t', '#', '\\', ';', '👍') }),
  fc.constantFrom('NULL', 'null', 'NaN', '0', '""', '\ufeff', '\r\n'),
);
const rows = fc.array(
  fc.record({
    text: fc.option(hostileText.filter((text) => text !== '' && !text.includes('\0'))),
    number: fc.option(fc.double({ noNaN: true, min: -3e38, max: 3e38 }).map((value) => value + 0)),
    count: fc.option(fc.maxSafeInteger()),
    flag: fc.option(fc.boolean()),
  }),
  { minLength: 2, maxLength: 12 },
);

const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`;

describe('a CSV file', () => {
  it('comes back as it was written, whatever its cells hold', async () => {
    await fc.assert(
      fc.asyncProperty(rows, fc.constantFrom('\n', '\r\n'), async (written, lineEnd) => {
        const lines = written.map(({ text, number, count, flag }, place) =>
          [text === null ? '' : quoted(text), number ?? '', count ?? '', flag ?? '', place].join(','),
        );
        const content = ['text,number,count,flag,place', ...lines].join(lineEnd);
        const { outcome, bytes } = await validate(definition, content);
        expect(outcome.reasons).toEqual([]);
        const read = [
          ...(await readRows(bytes('train.parquet'), definition)),
          ...(await readRows(bytes('test.parquet'), definition)),
        ].sort((a, b) => Number(a.place) - Number(b.place));
        // JSON has one zero; -0 and 0 are the same value.
        expect(JSON.stringify(read)).toBe(JSON.stringify(written.map((row, place) => ({ ...row, place }))));
      }),
      { numRuns: 25 },
    );
  }, 60_000);

  it('accounts for every row when its bytes are damaged', async () => {
    const sound = Array.from({ length: 8 }, (_, place) => `"t${place}",${place}.5,${place},true,${place}`);
    const content = Buffer.from(['text,number,count,flag,place', ...sound].join('\n'));
    const headerEnd = content.indexOf('\n');
    const damage = fc.array(
      fc.tuple(
        fc.integer({ min: headerEnd + 1, max: content.length - 1 }),
        fc.constantFrom(...Buffer.from('",\n\r\0x5é')),
      ),
      { minLength: 1, maxLength: 3 },
    );
    await fc.assert(
      fc.asyncProperty(damage, async (changes) => {
        const damaged = Buffer.from(content);
        for (const [place, byte] of changes) damaged[place] = byte;
        const { outcome, text } = await validate(definition, damaged);
        const { read, accepted, quarantined } = outcome.rows;
        expect(accepted + quarantined).toBe(read);
        const report = datasetReport.parse(JSON.parse(text('report.json')));
        expect(report.problems.length > 0).toBe(outcome.verdict === 'rejected');
        for (const { message, line } of report.problems) {
          expect(line === 0 || message.startsWith(`line ${line}:`)).toBe(true);
        }
      }),
      { numRuns: 40 },
    );
  }, 60_000);
});
