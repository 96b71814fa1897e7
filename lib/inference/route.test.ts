import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { uuidV7 } from '../shared/ids.ts';
import { chooseVariant, positionOf } from './route.ts';

describe('chooseVariant', () => {
  it('never chooses a candidate of weight 0 and always one of weight 100', () => {
    fc.assert(
      fc.property(fc.string(), (id) => {
        expect(chooseVariant(0, positionOf(id))).toBe('champion');
        expect(chooseVariant(100, positionOf(id))).toBe('candidate');
      }),
    );
  });

  it('gives a candidate its share, also among ids of one moment', () => {
    const ids = Array.from({ length: 20_000 }, () => uuidV7(1_763_900_000_000));
    const candidates = ids.filter((id) => chooseVariant(20, positionOf(id)) === 'candidate').length;
    // Five standard deviations of a binomial share.
    expect(Math.abs(candidates / ids.length - 0.2)).toBeLessThan(5 * Math.sqrt((0.2 * 0.8) / ids.length));
  });
});
