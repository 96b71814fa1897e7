import type { Signature } from '../model/signature.ts';
import { EvergreenError } from '../shared/errors.ts';
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

/**
 * The predictions that a session's outputs say.
 *
 * @throws EvergreenError `model-failed` when they do not have the shape of the signature, or are not finite: JSON has
 * no way to write such numbers, and no caller would want them.
 */
export function readAnswers(
  outputs: Readonly<Record<string, OutputTensor>>,
  signature: Signature['outputs'],
  rows: number,
): Prediction[] {
  if ('value' in signature) {
    const { value } = outputs;
    if (!value || !(hasShape(value, [rows]) || hasShape(value, [rows, 1]))) {
      return fail(`the model answers ${rows} rows with values of shape [${value?.dims}]`);
    }
    return Array.from(value.data, (each, row) => ({ value: finite(each, 'value', row) }));
  }
  const { classes } = signature;
  const { label, scores } = outputs;
  if (!label || !hasShape(label, [rows])) {
    return fail(`the model answers ${rows} rows with labels of shape [${label?.dims}]`);
  }
  if (scores && !hasShape(scores, [rows, classes.length])) {
    return fail(`the model answers ${rows} rows with scores of shape [${scores.dims}]`);
  }
  return Array.from(label.data, (each, row) => {
    if (typeof each !== 'string' || !classes.includes(each)) {
      return fail(`the model gives row ${row} a label that the definition does not know`);
    }
    if (!scores) return { label: each };
    const start = row * classes.length;
    return {
      label: each,
      scores: Object.fromEntries(
        classes.map((name, place) => [name, finite(scores.data[start + place], `score of ${name}`, row)]),
      ),
    };
  });
}
