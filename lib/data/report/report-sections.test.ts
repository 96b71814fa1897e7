import { describe, expect, it } from 'vitest';
import { aDefinition, validate } from '../fixtures/validation.ts';

const definition = aDefinition({
  features: {
    weight: { type: 'number', min: 0, max: 1000, outliers: { action: 'clip' } },
    phone: { type: 'text', personalData: 'contact', mayBeMissing: true, maxLength: 12 },
    seeds: { type: 'integer', mayBeMissing: true, impute: { strategy: 'mean' } },
  },
  data: {
    minRows: 2,
    maxRejectedShare: 0.9,
    columns: { shop: { type: 'text', personalData: 'identifier' } },
    checks: { sources: { column: 'shop', action: 'warn' } },
  },
});
const header = 'weight,phone,seeds,kind,shop';
const sound = Array.from(
  { length: 80 },
  (_, i) =>
    `${300 + ((i * 7) % 41)},555-${1000 + i},${i % 5 === 0 ? '' : i % 6},${i % 2 ? 'apple' : 'pear'},secretshop`,
);

async function page(lines: string[]): Promise<string> {
  const { text } = await validate(definition, [header, ...lines].join('\n'));
  return text('report.html');
}

describe('the page of a dataset', () => {
  it('shows scores with formulas, checks, cleaning, and where values are missing', async () => {
    const html = await page([...sound, '999,555-9,1,apple,secretshop']);
    expect(html).toMatch(
      /completeness<\/td><td class="number">\d+\.\d+%<\/td><td class="quiet">cells filled \/ cells = \d+ \/ 324/,
    );
    expect(html).toMatch(/Checks \(\d+ of \d+ passed\)/);
    expect(html).toContain('Nothing to compare with: no model is in production yet.');
    expect(html).toMatch(
      /outliers<\/td><td class="column">weight<\/td><td class="number">1<\/td><td>in the model/,
    );
    expect(html).toMatch(/imputation<\/td><td class="column">seeds<\/td><td class="number">16<\/td>/);
    expect(html).toContain('Where values are missing');
    expect(html).toContain('Before and after');
    expect(html).not.toMatch(/NaN|undefined|Infinity|null/);
  });

  it('shows the worst rows, most problems first, and no personal value anywhere', async () => {
    const html = await page([
      ...sound,
      'x,555-123456789012,y,plum,secretshop',
      '-5,555-2,1,apple,secretshop',
    ]);
    const worst = html.slice(html.indexOf('Worst rows'));
    expect(worst.indexOf('Line 82, 4 problems')).toBeGreaterThan(0);
    expect(worst.indexOf('Line 82')).toBeLessThan(worst.indexOf('Line 83'));
    expect(worst).toContain('phone: <code>(masked)</code>');
    expect(html).not.toContain('555-');
    expect(html).not.toContain('secretshop');
  });

  it('puts the verdict before everything else and needs no other file', async () => {
    const html = await page(sound);
    const order = [
      'Accepted',
      'What to do next',
      '<h2>Quality',
      '<h2>Checks',
      '<h2>Columns',
      '<h2>Cleaning',
    ].map((part) => html.indexOf(part));
    expect(order).toEqual([...order].sort((a, b) => a - b));
    expect(order[0]).toBeGreaterThan(0);
    expect(html).not.toMatch(/<(script|link|img|iframe)|https?:\/\/(?!www\.w3)/);
  });
});
