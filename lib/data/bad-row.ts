import * as z from 'zod';
import type { RowChecks } from './checks/row-checks.ts';
import type { Column } from './columns.ts';
import type { Problem } from './dataset.ts';
import { brokenRule, describeProblem, describeRowProblem } from './problem-message.ts';

/** A row that is kept out: what is wrong with it, and its cells as they stood. */
export interface BadRow {
  line: number;
  problems: Problem[];
  cells: Record<string, string | null> | null;
}

/** A row as it was found: of each column the broken rule and the text, of each row check whether it is broken. */
export const foundBadRow = z.object({
  line: z.number(),
  rules: z.array(brokenRule.nullable()),
  shown: z.array(z.string().nullable()),
  flags: z.array(z.boolean()),
});

/** Says what is wrong with a row. */
export function describeBadRow(
  { line, rules, shown, flags }: z.infer<typeof foundBadRow>,
  columns: readonly Column[],
  checks: RowChecks['checks'],
): BadRow {
  return {
    line,
    problems: [
      ...columns.flatMap((column, place) => {
        const rule = rules[place];
        return rule ? [describeProblem(line, column, rule, shown[place] ?? null)] : [];
      }),
      ...checks.flatMap((check, place) => {
        const at = columns.findIndex(({ name }) => name === check.column);
        return flags[place] ? [describeRowProblem(line, check, columns[at], shown[at] ?? null)] : [];
      }),
    ],
    cells: Object.fromEntries(columns.map(({ name }, place) => [name, shown[place] ?? null])),
  };
}
