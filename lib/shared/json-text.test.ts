import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { jsonText } from './json-text.ts';

const figures = z.object({ figures: jsonText(z.record(z.string(), z.number())) });

describe('jsonText', () => {
  it('brings every finite number through an item', () => {
    const number = fc.oneof(
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.constantFrom(1e16, 1e-200),
    );
    fc.assert(
      fc.property(number, (value) => {
        const item = figures.encode({ figures: { value } });
        expect(item.figures).toBe(JSON.stringify({ value }));
        expect(figures.parse(item).figures.value).toBe(value === 0 ? 0 : value);
      }),
    );
  });

  it.each(['{', 'null', '{"value":"1"}'])('refuses %j, which is not what the schema says', (text) => {
    expect(figures.safeParse({ figures: text }).success).toBe(false);
  });
});
