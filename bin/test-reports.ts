import { readFileSync } from 'node:fs';
import * as z from 'zod';

/** Tests of one stage as its runner counted them. */
export interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

/** What a stage's runner wrote: its counts, and each failed test with what it said. */
export interface TestReport {
  counts: Counts;
  failures: string[];
}

const vitestReport = z.object({
  success: z.boolean(),
  testResults: z.array(
    z.object({
      name: z.string().default(''),
      status: z.string(),
      message: z.string().default(''),
      assertionResults: z.array(
        z.object({
          fullName: z.string().default(''),
          status: z.string(),
          failureMessages: z.array(z.string()).nullish(),
        }),
      ),
    }),
  ),
});

/** Vitest's JSON report. A file that could not be loaded has no tests and counts as one failure. */
export function readVitest(text: string): TestReport {
  const { testResults } = vitestReport.parse(JSON.parse(text));
  const counts = { passed: 0, failed: 0, skipped: 0 };
  const failures: string[] = [];
  const fail = (title: string, message: string) => {
    counts.failed += 1;
    failures.push(`${title}\n${message}`);
  };
  for (const { name, status, message, assertionResults } of testResults) {
    const before = counts.failed;
    for (const assertion of assertionResults) {
      if (assertion.status === 'passed') counts.passed += 1;
      else if (assertion.status === 'failed') {
        fail(`${name} > ${assertion.fullName}`, (assertion.failureMessages ?? []).join('\n'));
      } else counts.skipped += 1;
    }
    if (status === 'failed' && counts.failed === before) fail(name, message);
  }
  return { counts, failures };
}

/** JUnit XML as pytest writes it: the sums stand on each testsuite element. */
export function readJunit(text: string): TestReport {
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
  const failed = /<testcase classname="([^"]*)" name="([^"]*)"[^>]*>\s*<(?:failure|error) message="([^"]*)"/g;
  const failures = [...text.matchAll(failed)].map(
    ([, file, name, message]) => `${file} > ${name}\n${message}`,
  );
  return { counts, failures };
}

/** What a runner reported; undefined when it left no report that can be read. */
export function readReport(path: string, kind: 'vitest' | 'junit'): TestReport | undefined {
  try {
    const text = readFileSync(path, 'utf8');
    return kind === 'vitest' ? readVitest(text) : readJunit(text);
  } catch {
    // The runner ended before it wrote one: the stage has failed, and says so.
    return undefined;
  }
}
