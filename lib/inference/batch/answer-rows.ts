import * as z from 'zod';
import type { Column } from '../../data/columns.ts';
import { cell, type Row } from '../../data/dataset.ts';
import { brokenRule, describeBrokenRow, describeProblem } from '../../data/problem-message.ts';
import { EvergreenError } from '../../shared/errors.ts';
import type { LoadedModel } from '../package.ts';
import type { Prediction } from '../prediction-record.ts';
import type { RequestError } from '../rows.ts';
import type { ModelSession } from '../session.ts';

/** A row of a part: its cells in the order of the columns, and what planning found wrong with it. */
export const partRow = z.object({
  row: z.int(),
  line: z.int(),
  cells: z.array(cell),
  rules: z.array(brokenRule.nullable()).nullable(),
  shown: z.array(z.string().nullable()).nullable(),
  fault: z.string().nullable(),
});
export type PartRow = z.infer<typeof partRow>;

export type RowAnswer = { row: number; prediction: Prediction } | { row: number; error: string };

/** What of a loaded model answers rows. */
export type RowModel = Pick<LoadedModel, 'readRows'> & { session: Pick<ModelSession, 'predict'> };

/** What planning found wrong, as reports of uploads say it; undefined when the row fits. */
function problemOf({ line, rules, shown, fault }: PartRow, columns: readonly Column[]): string | undefined {
  if (fault !== null) return describeBrokenRow(line, fault).message;
  if (rules === null) return undefined;
  const problems = columns.flatMap((column, place) => {
    const rule = rules[place];
    return rule ? [describeProblem(line, column, rule, shown?.[place] ?? null).message] : [];
  });
  return problems.join('; ');
}

function givenRow({ cells }: PartRow, columns: readonly Column[]): Row {
  const given: Row = {};
  for (const [place, { name, role }] of columns.entries()) {
    if (role === 'feature') given[name] = cells[place] ?? null;
  }
  return given;
}

/**
 * Answers the rows of a part as a request with them is answered: by the same reader and the same session. A row that
 * does not fit, or that the model cannot answer, says so in the place of its answer and costs no other row its own.
 *
 * @param columns Those the part was cut by.
 */
export async function answerRows(
  rows: readonly PartRow[],
  columns: readonly Column[],
  model: RowModel,
): Promise<RowAnswer[]> {
  const answers = new Map<number, RowAnswer>();
  const fitting: { row: number; cells: Row }[] = [];
  for (const given of rows) {
    const { row, line } = given;
    const problem = problemOf(given, columns);
    const read = problem === undefined ? readRow(givenRow(given, columns), line, model) : { error: problem };
    if ('error' in read) answers.set(row, { row, error: read.error });
    else fitting.push({ row, cells: read.cells });
  }
  for (const answer of await predictRows(fitting, model)) answers.set(answer.row, answer);
  return rows.flatMap(({ row }) => answers.get(row) ?? []);
}

function readRow(given: Row, line: number, { readRows }: RowModel): { cells: Row } | { error: string } {
  try {
    const [cells = {}] = readRows([given], (_, name = 'the row') => name);
    return { cells };
  } catch (thrown) {
    if (!(thrown instanceof EvergreenError) || thrown.code !== 'request-invalid') throw thrown;
    const errors = z.array(z.custom<RequestError>()).parse(thrown.details.errors);
    return { error: errors.map(({ pointer, message }) => `line ${line}: ${pointer} ${message}`).join('; ') };
  }
}

/** One row may make a model fail, with a number that is not finite, say: the others are asked without it. */
async function predictRows(
  rows: readonly { row: number; cells: Row }[],
  model: RowModel,
): Promise<RowAnswer[]> {
  try {
    const predictions = await model.session.predict(rows.map(({ cells }) => cells));
    return rows.flatMap(({ row }, place) => {
      const prediction = predictions[place];
      return prediction ? [{ row, prediction }] : [];
    });
  } catch (thrown) {
    if (!(thrown instanceof EvergreenError) || thrown.code !== 'model-failed') throw thrown;
    const [only] = rows;
    if (only && rows.length === 1) return [{ row: only.row, error: `${thrown.code}: ${thrown.message}` }];
    const middle = Math.ceil(rows.length / 2);
    return [
      ...(await predictRows(rows.slice(0, middle), model)),
      ...(await predictRows(rows.slice(middle), model)),
    ];
  }
}
