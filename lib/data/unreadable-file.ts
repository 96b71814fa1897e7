import { type Column, dataColumns } from './columns.ts';
import type { Unreadable } from './csv-scanner.ts';
import type { Examination } from './examination.ts';
import { describeUnreadable } from './problem-message.ts';

const noRows = { read: 0, accepted: 0, quarantined: 0, duplicates: 0, train: 0, test: 0 };

/** A file that was refused before a row was read. */
export function unreadableFile(failure: Unreadable, columns: readonly Column[]): Examination {
  const problem = describeUnreadable(failure);
  return {
    rows: noRows,
    problemsByRule: { shape: 1 },
    problems: [problem],
    columns: dataColumns(columns).map(({ name, type }) => ({ name, type, missing: 0, problems: 0 })),
    ignoredColumns: [],
    classes: null,
    reasons: [problem.message],
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
