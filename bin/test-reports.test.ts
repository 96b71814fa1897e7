import { describe, expect, it } from 'vitest';
import { countJunit, countVitest, readReport } from './test-reports.ts';

describe('countVitest', () => {
  it('counts tests by their status', () => {
    const text = JSON.stringify({
      success: false,
      testResults: [
        {
          status: 'failed',
          assertionResults: [{ status: 'passed' }, { status: 'failed' }, { status: 'pending' }],
        },
        { status: 'passed', assertionResults: [{ status: 'passed' }] },
      ],
    });
    expect(countVitest(text)).toEqual({ passed: 2, failed: 1, skipped: 1 });
  });

  it('counts a file that could not be loaded as one failure', () => {
    const text = JSON.stringify({
      success: false,
      testResults: [{ status: 'failed', assertionResults: [] }],
    });
    expect(countVitest(text)).toEqual({ passed: 0, failed: 1, skipped: 0 });
  });
});

describe('countJunit', () => {
  it('takes failures, errors and skips from the number of tests', () => {
    const text =
      '<?xml version="1.0"?><testsuites name="x"><testsuite name="pytest" errors="1" failures="2" skipped="3" tests="10" time="1.0"><testcase/></testsuite></testsuites>';
    expect(countJunit(text)).toEqual({ passed: 4, failed: 3, skipped: 3 });
  });

  it('refuses a text without a test suite', () => {
    expect(() => countJunit('<html/>')).toThrow('no testsuite');
  });
});

describe('readReport', () => {
  it('knows nothing of a report that was never written', () => {
    expect(readReport('/nowhere/report.json', 'vitest')).toBeUndefined();
  });
});
