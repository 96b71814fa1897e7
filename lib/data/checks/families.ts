import type { CheckResult, FamilyScore } from './check-result.ts';

/** What the scores are made of. */
export interface QualityCounts {
  /** Cells of features and target in all rows that could be read. */
  cells: number;
  missing: number;
  /** Cells that break type, range, category, length or pattern. */
  broken: number;
  rows: number;
  /** Rows that contradict themselves or another row. */
  contradicting: number;
}

const number = (value: number) => String(value);

/** The four scores of a file, each with its formula and the numbers in it. */
export function scoreFamilies(counts: QualityCounts, checks: readonly CheckResult[]): FamilyScore[] {
  const { cells, missing, broken, rows, contradicting } = counts;
  const filled = cells - missing;
  const judged = checks.filter(({ family, status }) => family === 'reliability' && status !== 'not-judged');
  const passed = judged.filter(({ status }) => status === 'passed').length;
  return [
    share(
      'accuracy',
      filled - broken,
      filled,
      'cells that keep type, range, category, length and pattern',
      'cells filled',
    ),
    share('completeness', filled, cells, 'cells filled', 'cells'),
    share(
      'consistency',
      Math.max(0, rows - contradicting),
      rows,
      'rows that break no rule and repeat or contradict no other row',
      'rows',
    ),
    share(
      'reliability',
      passed,
      judged.length,
      'checks of the whole that passed',
      'checks of the whole that were judged',
    ),
  ];
}

function share(
  family: FamilyScore['family'],
  part: number,
  all: number,
  partName: string,
  allName: string,
): FamilyScore {
  const formula = `${partName} / ${allName} = ${number(part)} / ${number(all)}`;
  return { family, score: all === 0 ? null : part / all, formula };
}
