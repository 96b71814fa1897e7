import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { uploadKey } from './upload-file.ts';

const digest = 'abcdef0123456789'.repeat(4);

describe('uploadKey', () => {
  it('is made of the model, the bytes and the name', () => {
    expect(uploadKey('iris', '/data/März 2026.csv', digest)).toBe(
      'incoming/iris/abcdef012345-Ma-rz-2026.csv',
    );
  });

  it('lies below the prefix of a party when it is one', () => {
    expect(uploadKey('iris', 'a.csv', digest, 'north')).toBe('parties/iris/north/abcdef012345-a.csv');
  });

  it('keeps the ending of a long name, and finds one for a name without letters', () => {
    expect(uploadKey('iris', `${'x'.repeat(300)}.csv`, digest)).toMatch(
      /^incoming\/iris\/abcdef012345-x+\.csv$/,
    );
    expect(uploadKey('iris', '...', digest)).toBe('incoming/iris/abcdef012345-data');
  });

  it('never leaves its folder', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (path) => {
        expect(uploadKey('iris', path, digest)).toMatch(
          /^incoming\/iris\/abcdef012345-[A-Za-z0-9_][A-Za-z0-9._-]*$/,
        );
      }),
    );
  });
});
