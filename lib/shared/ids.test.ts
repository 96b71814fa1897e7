import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { uuidV7, uuidV7TimeMs } from './ids.ts';

describe('uuidV7TimeMs', () => {
  it('gives back the time an id was made', () => {
    const random = fc.uuid({ version: 4 });
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 48 - 1 }), random, (time, drawn) => {
        expect(uuidV7TimeMs(uuidV7(time, drawn))).toBe(time);
      }),
    );
  });

  it('knows no time of another kind of id', () => {
    expect(uuidV7TimeMs('3f2504e0-4f89-41d3-9a0c-0305e82c3301')).toBeUndefined();
    expect(uuidV7TimeMs('p1')).toBeUndefined();
  });
});

describe('uuidV7', () => {
  const random = fc.uuid({ version: 4 });
  const time = fc.integer({ min: 0, max: 2 ** 48 - 1 });

  it('has the form of RFC 9562, whatever was drawn', () => {
    fc.assert(
      fc.property(time, random, (nowMs, drawn) => {
        expect(uuidV7(nowMs, drawn)).toMatch(
          /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
        );
      }),
    );
  });

  it('sorts as text by the time it was made', () => {
    fc.assert(
      fc.property(time, time, random, random, (a, b, one, other) => {
        fc.pre(a !== b);
        expect(uuidV7(a, one) < uuidV7(b, other)).toBe(a < b);
      }),
    );
  });

  it('agrees with the example of RFC 9562, appendix A.6', () => {
    const drawn = '00000000-0000-4cc3-98c4-dc0c0c07398f';
    expect(uuidV7(0x017f22e279b0, drawn)).toBe('017f22e2-79b0-7cc3-98c4-dc0c0c07398f');
  });

  it('does not repeat itself', () => {
    expect(new Set(Array.from({ length: 1000 }, () => uuidV7())).size).toBe(1000);
  });
});
