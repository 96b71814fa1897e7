import { describe, expect, it } from 'vitest';
import { aDefinition } from './fixtures/validation.ts';
import { judgeDataset } from './verdict.ts';

const definition = aDefinition({ data: { maxRejectedShare: 0.02, minRows: 20 } });
const good = { read: 100, quarantined: 2, accepted: 98, classes: { apple: 50, pear: 48 }, trainClasses: 2 };

describe('judgeDataset', () => {
  it('accepts data within all limits', () => {
    expect(judgeDataset(good, definition)).toEqual([]);
  });

  it.each([
    [{ quarantined: 3 }, '3 of 100 rows (3%) cannot be used; at most 2% may be unusable'],
    [
      { read: 10_000, quarantined: 201, accepted: 9799 },
      '201 of 10000 rows (2.01%) cannot be used; at most 2% may be unusable',
    ],
    [{ accepted: 19 }, '19 rows can be used; at least 20 are needed'],
    [{ classes: { apple: 98, pear: 0 } }, 'all 98 rows have kind "apple"; at least 2 classes are needed'],
    [
      { trainClasses: 1 },
      'after the split all training rows have one class; add rows so that at least 2 are there',
    ],
    [{ read: 0, quarantined: 0, accepted: 0 }, 'the file holds no rows'],
  ])('rejects %o', (changes, reason) => {
    expect(judgeDataset({ ...good, ...changes }, definition)).toEqual([reason]);
  });

  it('does not ask a numeric target for classes', () => {
    expect(judgeDataset({ ...good, classes: null, trainClasses: null }, definition)).toEqual([]);
  });
});
