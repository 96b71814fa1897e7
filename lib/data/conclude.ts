import { cellResults, rowResults } from './checks/cell-results.ts';
import { scoreFamilies } from './checks/families.ts';
import type { RowChecks } from './checks/row-checks.ts';
import { wholeResults } from './checks/whole-results.ts';
import { beforeAndAfter } from './cleaning/before-and-after.ts';
import { cleaningSteps } from './cleaning/steps.ts';
import { type Column, dataColumns } from './columns.ts';
import type { Examination, ExaminationSetting } from './examination.ts';
import type { Facts } from './facts.ts';
import { privacyResults } from './privacy/privacy-results.ts';
import { countByRule, mergeQuarantine, worstOf } from './quarantine.ts';
import { judgeDataset } from './verdict.ts';

const keptProblems = 100;

/** Judges what was counted in a file; whether DuckDB or Spark counted it makes no difference. */
export function conclude(
  facts: Facts,
  columns: readonly Column[],
  rowChecks: RowChecks,
  { definition, limits, earlier, now }: Pick<ExaminationSetting, 'definition' | 'limits' | 'earlier' | 'now'>,
): Examination {
  const { checked, broken, copies, aside, classes, measured, anonymity, personalData } = facts;
  const { train, test } = facts.sides;
  const rows = {
    read: checked.read + broken.count,
    accepted: train + test,
    quarantined: checked.bad + broken.count + aside.count,
    duplicates: copies.exact,
    train,
    test,
  };
  const checks = [
    ...cellResults(checked, broken.count),
    ...rowResults(rowChecks.checks, checked.rowChecks, definition),
    ...privacyResults({ personalData, anonymity }, definition),
    ...(train === 0
      ? []
      : wholeResults(
          {
            ...measured,
            ...facts.contradictions,
            rows,
            classes: classes?.all ?? null,
            repeated: facts.repeated,
            greatestNearGroup: facts.greatestNearGroup,
            newest: facts.newest,
            sources: facts.sources,
            labelFlips: facts.labelFlips,
            earlier,
            now,
          },
          definition,
        )),
  ];
  const failed = checks.filter(({ status }) => status === 'failed');
  const isSideEmpty = aside.count > 0 && train + test > 1 && Math.min(train, test) === 0;
  const reasons = [
    ...judgeDataset(
      { ...rows, classes: classes?.all ?? null, trainClasses: classes?.inTrain ?? null },
      definition,
    ),
    ...(isSideEmpty
      ? ['without the rows that hold outliers none is left to train on, or none to hold out']
      : []),
    ...failed.filter(({ action }) => action === 'reject').map(({ message }) => message),
  ];
  const quarantine = mergeQuarantine(checked.badRows, broken.first, aside.first, columns, limits.keptBroken);
  const missing = sum(dataColumns(columns).map(({ name }) => checked.missing.get(name) ?? 0));
  return {
    rows: reasons.length === 0 ? rows : { ...rows, train: 0, test: 0 },
    problemsByRule: countByRule(checked, rowChecks, { broken: broken.count, outlier: aside.count }),
    problems: quarantine.flatMap(({ problems }) => problems).slice(0, keptProblems),
    columns: dataColumns(columns).map(({ name, type }) => ({
      name,
      type,
      missing: checked.missing.get(name) ?? 0,
      problems: sum(checked.problems.filter(({ column }) => column.name === name).map(({ count }) => count)),
    })),
    ignoredColumns: facts.ignored,
    classes: classes?.all ?? null,
    reasons,
    warnings: failed.filter(({ action }) => action === 'warn').map(({ message }) => message),
    checks,
    families: scoreFamilies(
      {
        cells: checked.read * dataColumns(columns).length,
        missing,
        broken: sum(checks.filter(({ family }) => family === 'accuracy').map(({ count }) => count ?? 0)),
        rows: rows.read,
        contradicting: sum(
          checks.filter(({ family }) => family === 'consistency').map(({ count }) => count ?? 0),
        ),
      },
      checks,
    ),
    cleaning: cleaningSteps(
      {
        normalised: checked.normalised,
        disguised: checked.disguised,
        copies,
        outlierLimits: facts.outlierLimits,
        fills: facts.fills,
        anonymity,
      },
      definition,
    ),
    beforeAndAfter: beforeAndAfter(facts, columns, definition),
    missingMap: facts.missingMap,
    worstRows: worstOf(quarantine),
    comparedWith: earlier?.datasetId ?? null,
    personalData,
    anonymity,
    quarantine,
    profiles: measured.profiles,
    labelFlips: facts.labelFlips,
  };
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0);
}
