import { describe, expect, it } from 'vitest';
import { readJunit, readReport, readVitest } from './test-reports.ts';

describe('readVitest', () => {
  it('counts tests by their status', () => {
    const text = JSON.stringify({
      success: false,
      testResults: [
        {
          status: 'failed',
          name: 'a.test.ts',
          assertionResults: [
            { status: 'passed' },
            { status: 'failed', fullName: 'adds two', failureMessages: ['expected 3, not 4'] },
            { status: 'pending' },
          ],
        },
        { status: 'passed', assertionResults: [{ status: 'passed' }] },
      ],
    });
    expect(readVitest(text)).toEqual({
      counts: { passed: 2, failed: 1, skipped: 1 },
      failures: ['a.test.ts > adds two\nexpected 3, not 4'],
    });
  });

  it('counts a file that could not be loaded as one failure', () => {
    const text = JSON.stringify({
      success: false,
      testResults: [{ name: 'b.test.ts', status: 'failed', message: 'no such module', assertionResults: [] }],
    });
    expect(readVitest(text)).toEqual({
      counts: { passed: 0, failed: 1, skipped: 0 },
      failures: ['b.test.ts\nno such module'],
    });
  });
});

describe('readJunit', () => {
  it('takes failures, errors and skips from the number of tests', () => {
    const text =
      '<?xml version="1.0"?><testsuites name="x"><testsuite name="pytest" errors="1" failures="2" skipped="3" tests="10" time="1.0"><testcase classname="tests.test_a" name="test_b" time="0.1"><failure message="assert 1 == 2">trace</failure></testcase></testsuite></testsuites>';
    expect(readJunit(text)).toEqual({
      counts: { passed: 4, failed: 3, skipped: 3 },
      failures: ['tests.test_a > test_b\nassert 1 == 2'],
    });
  });

  it('refuses a text without a test suite', () => {
    expect(() => readJunit('<html/>')).toThrow('no testsuite');
  });
});

describe('readReport', () => {
  it('knows nothing of a report that was never written', () => {
    expect(readReport('/nowhere/report.json', 'vitest')).toBeUndefined();
  });
});
