import { describe, expect, it } from 'vitest';
import { columnsOf } from '../columns.ts';
import { aDefinition } from '../fixtures/validation.ts';
import { csvLayout } from './csv-layout.ts';

const columns = columnsOf(aDefinition());
const layoutOf = (text: string, most = 100) => csvLayout(Buffer.from(text), columns, most);

describe('csvLayout', () => {
  it('says whose each column is, and where the first row begins', () => {
    expect(layoutOf('\ufeff\r\nkind,seeds,shop,weight,colour\r\napple,1')).toEqual({
      layout: ['c3', 'c1', 'ignored2', 'c0', 'c2'],
      ignored: ['shop'],
      unread: [{ name: 'shop', key: 'ignored2' }],
      headerBytes: 36,
      firstLine: 3,
    });
  });

  it('ends with the file when that is all there is', () => {
    expect(layoutOf('kind,seeds,weight,colour')).toMatchObject({ headerBytes: 24, firstLine: 2 });
  });

  it.each([
    ['', /the file is empty/],
    ['kind,seeds\n', /columns "weight", "colour" are missing/],
    ['kind,kind\n', /column "kind" is in the header twice/],
    ['"kind,seeds\n', /a quote is opened here and never closed/],
    [`${'x'.repeat(200)}\n`, /longer than 100 bytes/],
  ])('refuses a file that begins with %j', (text, message) => {
    expect(layoutOf(text)).toMatchObject({ message: expect.stringMatching(message) });
  });
});
