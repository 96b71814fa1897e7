import { readFileSync } from 'node:fs';
import { z } from 'zod';

/** Tests of one stage as its runner counted them. */
export interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

const vitestReport = z.object({
  success: z.boolean(),
  testResults: z.array(
    z.object({
      status: z.string(),
      assertionResults: z.array(z.object({ status: z.string() })),
    }),
  ),
});

/** Vitest's JSON report. A file that could not be loaded has no tests and counts as one failure. */
export function countVitest(text: string): Counts {
  const { testResults } = vitestReport.parse(JSON.parse(text));
  const counts = { passed: 0, failed: 0, skipped: 0 };
  for (const { status, assertionResults } of testResults) {
    const before = counts.failed;
    for (const assertion of assertionResults) {
      if (assertion.status === 'passed') counts.passed += 1;
      else if (assertion.status === 'failed') counts.failed += 1;
      else counts.skipped += 1;
    }
    if (status === 'failed' && counts.failed === before) counts.failed += 1;
  }
  return counts;
}

/** JUnit XML as pytest writes it: the sums stand on each testsuite element. */
export function countJunit(text: string): Counts {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  const suites = text.match(/<testsuite\s[^>]*>/g);
  if (!suites) throw new Error('the report has no testsuite');
  for (const suite of suites) {
    const value = (name: string) => Number(new RegExp(`\\s${name}="(\\d+)"`).exec(suite)?.[1] ?? 0);
    const failed = value('failures') + value('errors');
    counts.failed += failed;
    counts.skipped += value('skipped');
    counts.passed += Math.max(0, value('tests') - failed - value('skipped'));
  }
  return counts;
}

/** What a runner reported; undefined when it left no report that can be read. */
export function readReport(path: string, kind: 'vitest' | 'junit'): Counts | undefined {
  try {
    const text = readFileSync(path, 'utf8');
    return kind === 'vitest' ? countVitest(text) : countJunit(text);
  } catch {
    // The runner ended before it wrote one: the stage has failed, and says so.
    return undefined;
  }
}
