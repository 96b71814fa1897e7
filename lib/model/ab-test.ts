import { z } from 'zod';

/** A candidate beside the champion for days, with fixed shares, until one is proven better. */
export const abTest = z.strictObject({
  /** Percent of what is drawn that the candidate answers, for the whole test. */
  share: z.number().gt(0).lt(100).default(50),
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
  const { leastDays, mostDays } = abOf(rollout);
  const problems = [];
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
