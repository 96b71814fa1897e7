import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { heldOutBelow, identityText, sideOf, testSize } from './split.ts';

describe('testSize', () => {
  it.each([
    [150, 0.2, 30],
    [151, 0.2, 31],
    [3, 0.2, 1],
    [2, 0.01, 1],
    [2, 1, 1],
    [2, 0, 1],
    [1, 0.2, 1],
    [0, 0.2, 0],
  ])('of %d rows and share %d is %d', (n, share, size) => {
    expect(testSize(n, share)).toBe(size);
  });
});

describe('sideOf', () => {
  it('depends on nothing but the row, so that growth moves no row', () => {
    const identities = fc.uniqueArray(fc.string(), { minLength: 1, maxLength: 50 });
    fc.assert(
      fc.property(identities, identities, fc.double({ min: 0, max: 1, noNaN: true }), (old, added, share) => {
        const before = new Map(old.map((identity) => [identity, sideOf(identity, share)]));
        const after = new Map([...old, ...added].map((identity) => [identity, sideOf(identity, share)]));
        for (const [identity, side] of before) expect(after.get(identity)).toBe(side);
      }),
    );
  });

  it('holds rows out for good when the share grows', () => {
    const share = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(fc.string(), share, share, (identity, one, other) => {
        const [small, large] = [Math.min(one, other), Math.max(one, other)];
        if (sideOf(identity, small) === 'test') expect(sideOf(identity, large)).toBe('test');
      }),
    );
  });

  it.each([0.05, 0.2, 0.5])('holds out about a share of %d', (share) => {
    const n = 20_000;
    const held = Array.from({ length: n }, (_, i) => sideOf(`${i}:row`, share)).filter(
      (side) => side === 'test',
    );
    // Five standard deviations of a binomial count.
    expect(Math.abs(held.length - n * share)).toBeLessThan(5 * Math.sqrt(n * share * (1 - share)));
  });

  it('holds out nothing at 0 and everything at 1', () => {
    expect(heldOutBelow(0)).toBe('0000000000000');
    expect(sideOf('a', 0)).toBe('train');
    expect(sideOf('a', 1)).toBe('test');
  });
});

describe('identityText', () => {
  it('is different for different values', () => {
    const values = fc.array(fc.option(fc.string()), { minLength: 2, maxLength: 2 });
    fc.assert(
      fc.property(values, values, (one, other) => {
        expect(identityText(one) === identityText(other)).toBe(JSON.stringify(one) === JSON.stringify(other));
      }),
    );
    expect(identityText(['ab', 'c'])).not.toBe(identityText(['a', 'bc']));
    expect(identityText([null])).not.toBe(identityText(['-']));
  });
});
