import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { aDefinition, fruitHeader, fruitRows, validate } from '../fixtures/validation.ts';
import { reportSchema } from './report-schema.ts';

describe('reportSchema', () => {
  it('is what is published; vitest -u writes it anew', async () => {
    await expect(`${JSON.stringify(reportSchema(), null, 2)}\n`).toMatchFileSnapshot(
      '../../../docs/schemas/data-report.v1.json',
    );
  });

  it.each([
    ['an accepted file', [fruitHeader, ...fruitRows(60)]],
    ['a rejected file', [fruitHeader, 'x,1,red,apple', '1,1,red,pear']],
    ['a file that cannot be read', ['weight,seeds']],
  ])('holds for %s', async (_, lines) => {
    const { text } = await validate(aDefinition(), lines.join('\n'));
    const ajv = new Ajv2020({ strict: false, validateFormats: false });
    const isValid = ajv.validate(reportSchema(), JSON.parse(text('report.json')));
    expect(ajv.errors).toBeNull();
    expect(isValid).toBe(true);
  });
});
