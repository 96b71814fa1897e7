import type { EvaluationDocument } from '../evaluation/evaluation.ts';
import { edgesFrom, numberBins } from './number-bins.ts';

/** How a version answered the rows that were held out for its evaluation: what its live answers are compared with. */
export type AnswerReference =
  | {
      kind: 'classification';
      classes: readonly string[];
      /** Rows by true class, columns by answered class. */
      confusion: readonly (readonly number[])[];
      /** Ten bins of the greatest score; null of a version without scores. */
      calibration: readonly { rows: number; confidence: number | null; accuracy: number | null }[] | null;
      slices: ReferenceSlice[];
    }
  | {
      kind: 'regression';
      /** Inner edges of the bins of the answers and of the absolute errors, with the counts in them. */
      values: { edges: readonly number[]; counts: readonly number[] };
      errors: { edges: readonly number[]; counts: readonly number[] };
      slices: ReferenceSlice[];
    };

export interface ReferenceSlice {
  feature: string;
  slice: string;
  rows: number;
  /** Accuracy or rmse; null with too few rows. */
  value: number | null;
}

const binned = (values: readonly number[]) => {
  const edges = edgesFrom(values);
  return { edges, counts: numberBins(values, edges) };
};

/** Null of an evaluation that kept no answers: of regressions on more than 10,000 rows. */
export function answerReference(evaluation: EvaluationDocument): AnswerReference | null {
  const { candidate, classes, truth } = evaluation;
  const metric = classes ? 'accuracy' : 'rmse';
  const slices = evaluation.slices.map(({ feature, slice, rows, metrics }) => ({
    feature,
    slice,
    rows,
    value: metrics?.[metric] ?? null,
  }));
  if (classes && candidate.confusion) {
    const { confusion, curves } = candidate;
    return { kind: 'classification', classes, confusion, calibration: curves?.calibration ?? null, slices };
  }
  if (!truth || !candidate.answers) return null;
  const values = candidate.answers.map(Number);
  const errors = values.map((value, row) => Math.abs(value - Number(truth[row])));
  return { kind: 'regression', values: binned(values), errors: binned(errors), slices };
}

export const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

/** Held-out rows by the class that was answered. */
export function answeredCounts({
  confusion,
}: Extract<AnswerReference, { kind: 'classification' }>): number[] {
  return confusion.map((_, place) => sum(confusion.map((line) => line[place] ?? 0)));
}

/** Held-out rows that were answered rightly. */
export function rightCount({ confusion }: Extract<AnswerReference, { kind: 'classification' }>): number {
  return sum(confusion.map((line, place) => line[place] ?? 0));
}
