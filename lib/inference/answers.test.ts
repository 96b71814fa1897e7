import { describe, expect, it } from 'vitest';
import type { Signature } from '../model/signature.ts';
import { compileAnswerReader, type OutputTensor } from './answers.ts';

const classes = ['a', 'b'];
const classifier = { label: 'label', scores: 'scores', classes } as const;
const labels = { dims: [2], data: ['b', 'a'] };
const scores = { dims: [2, 2], data: Float32Array.from([0.25, 0.75, 1, 0]) };

function readAnswers(outputs: Record<string, OutputTensor>, signature: Signature['outputs'], rows: number) {
  return compileAnswerReader(signature)(outputs, rows);
}

describe('compileAnswerReader', () => {
  it('reads labels, and scores by class', () => {
    const signature = { ...classifier, classes: [...classes] };
    expect(readAnswers({ label: labels, scores }, signature, 2)).toEqual([
      { label: 'b', scores: { a: 0.25, b: 0.75 } },
      { label: 'a', scores: { a: 1, b: 0 } },
    ]);
    expect(readAnswers({ label: labels }, signature, 2)).toEqual([{ label: 'b' }, { label: 'a' }]);
  });

  it('reads labels by their numbers where no texts come, and refuses those that nobody knows', () => {
    const read = compileAnswerReader(
      { ...classifier, classes: [...classes] },
      { tensor: 'class', labels: ['b', 'a', 'c'] },
    );
    const numbered = (...data: bigint[]) => ({
      class: { dims: [2], data: BigInt64Array.from(data) },
      scores,
    });
    expect(read(numbered(0n, 1n), 2)).toEqual([
      { label: 'b', scores: { a: 0.25, b: 0.75 } },
      { label: 'a', scores: { a: 1, b: 0 } },
    ]);
    expect(read({ label: labels }, 2)).toEqual([{ label: 'b' }, { label: 'a' }]);
    for (const unknown of [2n, 3n, -1n]) {
      expect(() => read(numbered(0n, unknown), 2)).toThrow(/row 1 a label that the definition does not know/);
    }
  });

  it('reads scores of a class by any name', () => {
    const signature = { ...classifier, classes: ['__proto__', 'b'] };
    const [prediction] = readAnswers(
      { label: { dims: [1], data: ['b'] }, scores: { dims: [1, 2], data: [0.25, 0.75] } },
      signature,
      1,
    );
    expect(JSON.stringify(prediction)).toBe('{"label":"b","scores":{"__proto__":0.25,"b":0.75}}');
  });

  it('reads values as a column or as a matrix of one', () => {
    const data = Float32Array.from([1.5, -2]);
    for (const dims of [[2], [2, 1]]) {
      expect(readAnswers({ value: { dims, data } }, { value: 'value' }, 2)).toEqual([
        { value: 1.5 },
        { value: -2 },
      ]);
    }
  });

  it.each([
    ['another number of labels', { label: { dims: [1], data: ['a'] } }],
    ['no labels', { scores }],
    ['an unknown label', { label: { dims: [2], data: ['a', 'c'] } }],
    ['scores of another width', { label: labels, scores: { dims: [2, 1], data: [1, 1] } }],
    ['a score that is no number', { label: labels, scores: { dims: [2, 2], data: [1, 0, Number.NaN, 1] } }],
  ])('calls %s a failure of the model', (_, outputs) => {
    const signature = { ...classifier, classes: [...classes] };
    expect(() => readAnswers(outputs, signature, 2)).toThrow(
      expect.objectContaining({ code: 'model-failed' }),
    );
  });

  it.each([
    ['an infinite value', { dims: [2], data: [1, Number.POSITIVE_INFINITY] }],
    ['a matrix of values', { dims: [2, 2], data: [1, 2, 3, 4] }],
  ])('calls %s a failure of the model', (_, value) => {
    expect(() => readAnswers({ value }, { value: 'value' }, 2)).toThrow(
      expect.objectContaining({ code: 'model-failed' }),
    );
  });
});
