import { describe, expect, it } from 'vitest';
import { aDefinition, fruitHeader, fruitRows, validate } from '../fixtures/validation.ts';
import { spreadsheetText } from './spreadsheet-text.ts';

describe('spreadsheetText', () => {
  it.each(['=1+1', '+cmd|calc', '-2+3', '@SUM(A1)', ' =1', '\t=1', '\ufeff=1', '|calc', '＝1'])(
    'disarms %j',
    (text) => expect(spreadsheetText(text)).toBe(`'${text}`),
  );

  it.each(['-5', '+1.5e-3', ' -0.5 ', 'red', "'=1", 'a=1', ''])('leaves %j as it is', (text) =>
    expect(spreadsheetText(text)).toBe(text),
  );
});

describe('a cell that a spreadsheet would run', () => {
  it('is kept as it is, and disarmed where a page shows it', async () => {
    const formula = '=HYPERLINK("http://x")';
    const written = `"${formula.replaceAll('"', '""')}"`;
    const { text } = await validate(
      aDefinition(),
      [fruitHeader, `1,1,${written},apple`, ...fruitRows(20)].join('\n'),
    );
    expect(JSON.parse(text('quarantine.jsonl').split('\n')[0] ?? '').values.colour).toBe(formula);
    const page = text('report.html');
    expect(page).toContain('&#39;=HYPERLINK');
    expect(page).not.toMatch(/<(td|code)[^>]*>\s*=/);
  });
});
