import { describe, expect, it } from 'vitest';
import { aDefinition, fruitHeader, fruitRows, validate } from '../fixtures/validation.ts';

describe('renderReport', () => {
  it('puts the verdict, the reasons and the next step first', async () => {
    const { text } = await validate(aDefinition(), [fruitHeader, 'x,1,red,apple', '1,1,red,pear'].join('\n'));
    const page = text('report.html');
    expect(page.indexOf('Rejected')).toBeLessThan(page.indexOf('What to do next'));
    expect(page).toContain('1 row can be used; at least 2 are needed');
    expect(page).toContain('line 2: weight is &quot;x&quot;; a number is needed');
    expect(page).toContain('upload the file again below incoming/fruit/');
  });

  it('shows no markup that came with the data', async () => {
    const hostile = '<script>alert(1)</script>';
    const { text } = await validate(
      aDefinition(),
      [`${fruitHeader},${hostile}`, `${hostile},1,red,apple,`, ...fruitRows(9).map((row) => `${row},`)].join(
        '\n',
      ),
      { key: `incoming/fruit/${hostile}.csv` },
    );
    const page = text('report.html');
    expect(page).not.toContain('<script');
    expect(page.match(/&lt;script&gt;/g)?.length).toBeGreaterThan(3);
  });

  it('draws each column of an accepted file', async () => {
    const { text } = await validate(aDefinition(), [fruitHeader, ...fruitRows(60)].join('\n'));
    const page = text('report.html');
    expect(page.match(/<svg class="histogram"/g)).toHaveLength(2);
    // The colour may be missing.
    expect(page.match(/<svg class="missing"/g)).toHaveLength(1);
    expect(page).toContain('aria-label="from 10');
    expect(page).not.toMatch(/NaN|undefined|Infinity/);
  });
});
