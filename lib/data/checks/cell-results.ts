import type { ModelDefinition } from '../../model/definition.ts';
import type { CheckedRows } from '../check.duckdb.ts';
import type { CheckResult } from './check-result.ts';
import type { RowCheck } from './row-checks.ts';

const families = {
  mistyped: ['type', 'accuracy'],
  type: ['type', 'accuracy'],
  range: ['range', 'accuracy'],
  category: ['category', 'accuracy'],
  length: ['length', 'accuracy'],
  missing: ['missing', 'completeness'],
} as const;

const cells = (count: number) => (count === 1 ? '1 cell' : `${count} cells`);
const rows = (count: number) => (count === 1 ? '1 row' : `${count} rows`);

const told = {
  type: 'of the wrong type',
  range: 'out of range',
  category: 'of no known category',
  length: 'too long',
  missing: 'missing',
} as const;

/** What was found in single cells, by column and rule; columns without a finding are told together. */
export function cellResults(checked: CheckedRows, brokenRows: number): CheckResult[] {
  const found = new Map<string, CheckResult>();
  for (const { column, rule, count } of checked.problems) {
    const [check, family] = families[rule];
    const key = `${column.name} ${check}`;
    const total = count + (found.get(key)?.count ?? 0);
    const message = `${column.name}: ${cells(total)} ${told[check]}`;
    found.set(key, { ...quarantining(check, family, column.name, total), message });
  }
  const clean = (['type', 'range', 'category', 'length', 'missing'] as const)
    .filter((check) => ![...found.values()].some((result) => result.check === check))
    .map((check) => ({
      ...quarantining(check, check === 'missing' ? 'completeness' : 'accuracy', null, 0),
      message: check === 'missing' ? 'no cell is missing that may not be' : `no cell is ${told[check]}`,
    }));
  const shape = {
    ...quarantining('shape', 'consistency', null, brokenRows),
    message:
      brokenRows === 0
        ? 'every row has a cell for each column'
        : `${rows(brokenRows)} could not be cut into cells`,
  };
  return [...found.values(), ...clean, shape];
}

function quarantining(
  check: CheckResult['check'],
  family: CheckResult['family'],
  column: string | null,
  count: number,
): Omit<CheckResult, 'message'> {
  const status = count === 0 ? 'passed' : 'failed';
  return { check, family, column, action: 'quarantine', status, count, value: null, limit: null };
}

/** What patterns and rules found, in their order. */
export function rowResults(
  checks: readonly RowCheck[],
  found: CheckedRows['rowChecks'],
  { data }: ModelDefinition,
): CheckResult[] {
  return checks.flatMap(({ check, name, column, action }, place): CheckResult[] => {
    const { count = 0, firstLine = null } = found[place] ?? {};
    if (action === 'off') return [];
    const what = check === 'rule' ? `the rule "${name}"` : `the pattern ${name} of ${column}`;
    const most =
      action === 'quarantine' ? `; at most ${data.maxRejectedShare * 100}% of rows may be unusable` : '';
    const message =
      count === 0
        ? `every row keeps ${what}`
        : `${rows(count)} ${count === 1 ? 'breaks' : 'break'} ${what}, first on line ${firstLine}${most}`;
    const family = check === 'rule' ? 'consistency' : 'accuracy';
    const status = count === 0 ? 'passed' : 'failed';
    return [{ check, family, column, action, status, count, value: null, limit: null, message }];
  });
}
