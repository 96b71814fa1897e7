import * as z from 'zod';

/** The most candidates that one A/B test may have in its whole life. */
export const mostArms = 4;

/** Candidates beside the champion for days, with fixed shares, until one is proven better. */
export const abTest = z.strictObject({
  /** Most candidates of one test in its whole life. From two on, later runs join it and do not wait for its end. */
  arms: z.int().min(1).max(mostArms).default(1),
  /** Percent of what is drawn that each candidate answers, for the whole test. @default - as much as the champion has */
  share: z.number().gt(0).lt(100).optional(),
  /** Days after which it ends without a verdict. CloudWatch keeps the minutes for fifteen. */
  mostDays: z.number().positive().max(14).default(14),
  /** Days before which a candidate is not promoted, so that each hour of the day had its say. */
  leastDays: z.number().min(0).max(14).default(1),
  lookEverySeconds: z.int().min(1).max(86_400).default(3600),
  /** Chance that versions that are equally good are told apart, over all looks. */
  falseVerdicts: z.number().positive().max(0.5).default(0.05),
  /** Difference of quality at which the rule is soonest, in standard deviations of a row's outcome. */
  effect: z.number().positive().max(10).default(0.1),
  /** Labelled requests, or callers, of each side below which nothing is said. */
  leastSample: z.int().min(10).default(100),
  /** What stays on one side; a caller who is not known is drawn by the request. */
  stickyBy: z.enum(['request', 'caller']).default('caller'),
});
export type AbTest = z.infer<typeof abTest>;

interface WithAb {
  strategy: string;
  ab?: AbTest | undefined;
}

/** The A/B test of a definition, with what it does not say. */
export const abOf = ({ ab }: Pick<WithAb, 'ab'>): AbTest => ab ?? abTest.parse({});

/** Percent of each candidate. */
export const shareOf = ({ share, arms }: Pick<AbTest, 'share' | 'arms'>): number => share ?? 100 / (arms + 1);

/** What in `rollout` does not go together for an A/B test. */
export function abProblems({
  rollout,
  monitor,
}: {
  rollout: WithAb;
  monitor: { capture: number };
}): { path: string[]; message: string }[] {
  const path = ['rollout', 'ab'];
  if (rollout.strategy !== 'ab') {
    const message = `the strategy is ${rollout.strategy}; set it to ab, or leave this out`;
    return rollout.ab === undefined ? [] : [{ path, message }];
  }
  const ab = abOf(rollout);
  const { leastDays, mostDays, arms } = ab;
  const problems = [];
  if (arms * shareOf(ab) >= 100) {
    problems.push({
      path: [...path, 'share'],
      message: `${arms} candidates of ${shareOf(ab)} % leave the champion nothing; use less than ${Math.floor(100 / arms)}`,
    });
  }
  if (leastDays > mostDays) {
    problems.push({
      path: [...path, 'leastDays'],
      message: `the test ends after ${mostDays} days; use no more`,
    });
  }
  if (monitor.capture === 0) {
    const message = 'an A/B test compares captured answers with labels; capture some';
    problems.push({ path: ['monitor', 'capture'], message });
  }
  return problems;
}
