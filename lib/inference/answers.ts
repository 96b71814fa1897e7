import type { Signature } from '../model/signature.ts';
import { EvergreenError } from '../shared/errors.ts';
import type { ClassNumbers } from './class-numbers.ts';
import type { Prediction } from './prediction-record.ts';

/** A tensor as the runtime gives it. */
export interface OutputTensor {
  dims: readonly number[];
  data: ArrayLike<unknown>;
}

function fail(message: string): never {
  throw new EvergreenError('model-failed', message);
}

function hasShape({ dims, data }: OutputTensor, wanted: readonly number[]): boolean {
  const size = wanted.reduce((product, length) => product * length, 1);
  return (
    dims.length === wanted.length && dims.every((length, at) => length === wanted[at]) && data.length === size
  );
}

function finite(value: unknown, what: string, row: number): number {
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  return fail(`the model gives ${String(value)} as ${what} of row ${row}`);
}

/** The predictions that a session's outputs say. */
export type AnswerReader = (outputs: Readonly<Record<string, OutputTensor>>, rows: number) => Prediction[];

/**
 * A function that reads outputs as a signature says: labels from their texts, or from their numbers where no texts come.
 *
 * It throws EvergreenError `model-failed` when they do not have the shape of the signature, or are not finite: JSON has
 * no way to write such numbers, and no caller would want them.
 */
export function compileAnswerReader(
  signature: Signature['outputs'],
  classNumbers?: ClassNumbers | undefined,
): AnswerReader {
  return 'value' in signature ? readValues : compileLabelReader(signature.classes, classNumbers);
}

const readValues: AnswerReader = ({ value }, rows) => {
  if (!value || !(hasShape(value, [rows]) || hasShape(value, [rows, 1]))) {
    return fail(`the model answers ${rows} rows with values of shape [${value?.dims}]`);
  }
  return Array.from(value.data, (each, row) => ({ value: finite(each, 'value', row) }));
};

interface Label {
  label: string;
}

function compileLabelReader(
  classes: readonly string[],
  classNumbers: ClassNumbers | undefined,
): AnswerReader {
  // Answers without scores are as many as there are classes, however many rows have them.
  const unscored: readonly Label[] = classes.map((label) => ({ label }));
  const ofText = byText(unscored);
  const ofNumber = byNumber(unscored, classNumbers?.labels ?? []);
  const tensor = classNumbers?.tensor ?? '';
  // A copy of this has every class as a member of its own, also one by the name of `__proto__`.
  const noScores = Object.fromEntries(classes.map((name) => [name, 0]));
  return ({ [tensor]: numbers, label: texts, scores }, rows) => {
    const labels = texts ?? numbers;
    const answerOf = texts ? ofText : ofNumber;
    if (!labels || !hasShape(labels, [rows])) {
      return fail(`the model answers ${rows} rows with labels of shape [${labels?.dims}]`);
    }
    if (scores && !hasShape(scores, [rows, classes.length])) {
      return fail(`the model answers ${rows} rows with scores of shape [${scores.dims}]`);
    }
    const predictions = new Array<Prediction>(rows);
    let place = 0;
    for (let row = 0; row < rows; row++) {
      const known = answerOf(labels.data[row]);
      if (!known) return fail(`the model gives row ${row} a label that the definition does not know`);
      predictions[row] = known;
      if (!scores) continue;
      const byClass = { ...noScores };
      for (const each of classes) byClass[each] = finite(scores.data[place++], `score of ${each}`, row);
      predictions[row] = { ...known, scores: byClass };
    }
    return predictions;
  };
}

/** @param labels By their numbers; what the definition does not know among them has no answer. */
function byNumber(unscored: readonly Label[], labels: readonly string[]) {
  const answers = labels.map((text) => unscored.find(({ label }) => label === text));
  // As Gather does: what is below nought counts from the end.
  return (number: unknown) => answers.at(Number(number));
}

function byText(unscored: readonly Label[]) {
  const labels = unscored.map(({ label }) => label);
  const byLabel = new Map<unknown, Label>(unscored.map((each) => [each.label, each]));
  // The runtime's texts are new ones, whose hash is not known yet: to look through a few takes less.
  return labels.length <= 16
    ? (label: unknown) => unscored[labels.indexOf(label as string)]
    : (label: unknown) => byLabel.get(label);
}
