import { describe, expect, it } from 'vitest';
import { abOf, abProblems, abTest, shareOf } from './ab-test.ts';

const monitor = { capture: 1 };

describe('abProblems', () => {
  it.each([
    [{ strategy: 'canary' }, monitor],
    [{ strategy: 'ab' }, monitor],
    [{ strategy: 'ab', ab: abTest.parse({ share: 10, mostDays: 3 }) }, monitor],
  ])('finds none in %j', (rollout, watched) => {
    expect(abProblems({ rollout, monitor: watched })).toEqual([]);
  });

  it.each([
    [
      { strategy: 'canary', ab: abTest.parse({}) },
      monitor,
      'the strategy is canary; set it to ab, or leave this out',
    ],
    [
      { strategy: 'ab', ab: abTest.parse({ mostDays: 0.5 }) },
      monitor,
      'the test ends after 0.5 days; use no more',
    ],
    [
      { strategy: 'ab', ab: abTest.parse({ arms: 2, share: 50 }) },
      monitor,
      '2 candidates of 50 % leave the champion nothing; use less than 50',
    ],
    [{ strategy: 'ab' }, { capture: 0 }, 'an A/B test compares captured answers with labels; capture some'],
  ])('finds what is wrong in %j', (rollout, watched, message) => {
    expect(abProblems({ rollout, monitor: watched }).map((each) => each.message)).toEqual([message]);
  });
});

describe('abOf', () => {
  it('halves the traffic by callers unless it is told otherwise', () => {
    expect(shareOf(abOf({}))).toBe(50);
    expect(abOf({})).toMatchObject({ arms: 1, mostDays: 14, stickyBy: 'caller', falseVerdicts: 0.05 });
  });

  it('gives several candidates as much each as the champion has', () => {
    expect([2, 3, 4].map((arms) => shareOf(abTest.parse({ arms })))).toEqual([100 / 3, 25, 20]);
    expect(shareOf(abTest.parse({ arms: 3, share: 10 }))).toBe(10);
    for (const arms of [0, 1.5, 5]) expect(abTest.safeParse({ arms }).success).toBe(false);
  });

  it('refuses shares that leave one side nothing', () => {
    for (const share of [0, 100]) expect(abTest.safeParse({ share }).success).toBe(false);
  });
});
