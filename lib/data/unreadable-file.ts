import { type Column, dataColumns } from './columns.ts';
import type { Unreadable } from './csv-scanner.ts';
import type { Problem } from './dataset.ts';
import type { Examination } from './examination.ts';
import type { PartProblem } from './parts/parts.ts';
import { describeUnreadable } from './problem-message.ts';

const noRows = { read: 0, accepted: 0, quarantined: 0, duplicates: 0, train: 0, test: 0 };

/** A file that was refused before a row was read. */
export function unreadableFile(failure: Unreadable, columns: readonly Column[]): Examination {
  return unreadable([describeUnreadable(failure)], columns);
}

/** An upload of many files some of which cannot be read: all of those are named. */
export function unreadableParts(failures: readonly PartProblem[], columns: readonly Column[]): Examination {
  const problems = failures.map(({ name, line, message }): Problem => {
    const place = line === 0 ? name : `${name} line ${line}`;
    return { line, file: name, column: null, rule: 'shape', value: null, message: `${place}: ${message}` };
  });
  return unreadable(problems, columns);
}

function unreadable(problems: Problem[], columns: readonly Column[]): Examination {
  return {
    rows: noRows,
    problemsByRule: { shape: problems.length },
    problems,
    columns: dataColumns(columns).map(({ name, type }) => ({ name, type, missing: 0, problems: 0 })),
    ignoredColumns: [],
    classes: null,
    reasons: problems.map(({ message }) => message),
    quarantine: [],
    profiles: {},
    labelFlips: null,
    warnings: [],
    checks: [],
    families: [],
    cleaning: [],
    beforeAndAfter: [],
    missingMap: null,
    worstRows: [],
    comparedWith: null,
    personalData: [],
    anonymity: null,
  };
}
