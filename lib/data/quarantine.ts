import type { BadRow } from './bad-row.ts';
import type { CheckedRows } from './check.duckdb.ts';
import type { RowChecks } from './checks/row-checks.ts';
import type { OutlyingRow } from './cleaning/outliers.duckdb.ts';
import type { Column } from './columns.ts';
import type { Unreadable } from './csv-scanner.ts';
import type { Problem, QuarantinedRow } from './dataset.ts';
import { describeBrokenRow, describeOutlier, masked, reportedRule } from './problem-message.ts';

const shownWorst = 10;

/** Rows that were kept out, in the order of their lines, personal values masked. */
export function mergeQuarantine(
  badRows: readonly BadRow[],
  broken: readonly Unreadable[],
  outlying: readonly OutlyingRow[],
  columns: readonly Column[],
  most: number,
): QuarantinedRow[] {
  const personal = new Set(columns.filter(({ isPersonal }) => isPersonal).map(({ name }) => name));
  const show = ([name, text]: [string, string | null]) => [
    name,
    text !== null && personal.has(name) ? masked : text,
  ];
  const cut = badRows.map(({ line, problems, cells }) => ({
    line,
    problems,
    values: cells && Object.fromEntries(Object.entries(cells).map(show)),
  }));
  const uncut = broken.map(({ line, message }) => ({
    line,
    problems: [describeBrokenRow(line, message)],
    values: null,
  }));
  const outside = [...Map.groupBy(outlying, ({ line }) => line)].map(([line, some]) => ({
    line,
    problems: some.map(({ column, value }) => describeOutlier(line, column, value)),
    values: null,
  }));
  return [...cut, ...uncut, ...outside].sort((a, b) => a.line - b.line).slice(0, most);
}

/** The rows with the most problems, the first of equals first. */
export function worstOf(quarantine: readonly QuarantinedRow[]): QuarantinedRow[] {
  return [...quarantine].sort((a, b) => b.problems.length - a.problems.length).slice(0, shownWorst);
}

/** How often each rule was broken, by its name in reports. */
export function countByRule(
  checked: CheckedRows,
  { checks }: RowChecks,
  rows: { broken: number; outlier: number },
): Record<string, number> {
  const counts: Partial<Record<Problem['rule'], number>> = {};
  const add = (rule: Problem['rule'], count: number) => {
    if (count > 0) counts[rule] = (counts[rule] ?? 0) + count;
  };
  add('shape', rows.broken);
  for (const { column, rule, count } of checked.problems) add(reportedRule(column, rule), count);
  for (const [place, { check, action }] of checks.entries()) {
    if (action === 'quarantine') add(check, checked.rowChecks[place]?.count ?? 0);
  }
  add('outlier', rows.outlier);
  return counts;
}
