import { describe, expect, it } from 'vitest';
import type { GoldenAnswers } from '../training/model-package.ts';
import { compareGolden } from './golden.ts';

const classified: GoldenAnswers = {
  schema: 'evergreen/golden/v1',
  rows: [{ x: 1 }, { x: 2 }],
  labels: ['a', 'b'],
  scores: [
    [0.9, 0.1],
    [0.2, 0.8],
  ],
  values: null,
  tolerance: 1e-3,
};
const classes = ['a', 'b'];
const first = { label: 'a', scores: { a: 0.9, b: 0.1 } };
const second = { label: 'b', scores: { a: 0.2, b: 0.8 } };
const valued: GoldenAnswers = { ...classified, labels: null, scores: null, values: [1, 2] };

describe('compareGolden', () => {
  it('agrees within the tolerance', () => {
    expect(
      compareGolden([first, { label: 'b', scores: { a: 0.2005, b: 0.7995 } }], classified, classes),
    ).toBeUndefined();
    expect(compareGolden([{ value: 1.0005 }, { value: 2 }], valued, [])).toBeUndefined();
  });

  it.each([
    ['another label', [first, { ...second, label: 'a' }], /row 1 gives a instead of b/],
    [
      'a score beyond the tolerance',
      [first, { label: 'b', scores: { a: 0.21, b: 0.79 } }],
      /row 1 gives a the score/,
    ],
    ['a score that is no number', [{ label: 'a', scores: { a: Number.NaN, b: 0.1 } }, second], /row 0/],
    ['missing scores', [{ label: 'a' }, second], /do not both give scores/],
    ['fewer answers', [first], /1 of 2 golden rows/],
    ['values for labels', [{ value: 1 }, { value: 2 }], /instead of undefined/],
  ])('tells %s', (_, answers, says) => {
    expect(compareGolden(answers, classified, classes)).toMatch(says);
  });

  it('tells a value beyond the tolerance', () => {
    expect(compareGolden([{ value: 1 }, { value: 2.01 }], valued, [])).toMatch(/row 1 gives 2\.01/);
  });

  it('does not take golden rows without answers for agreement', () => {
    expect(compareGolden([{ value: 1 }], { ...valued, values: [1] }, [])).toMatch(
      /1 golden values for 2 rows/,
    );
    expect(compareGolden([], { ...classified, labels: null }, classes)).toMatch(/no labels/);
  });
});
