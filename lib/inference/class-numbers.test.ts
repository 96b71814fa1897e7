import { readFileSync } from 'node:fs';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { findClassNumbers, withOutput } from './class-numbers.ts';
import { trainedFlowers, trainedPrices } from './fixtures/models.ts';
import { bytes, initializer, message, model, node, number, text } from './fixtures/onnx-writer.ts';

const labels = message(
  5,
  number(1, 2),
  number(2, text),
  ...['no', 'yes'].map((label) => bytes(6, label)),
  bytes(8, 'table'),
);
const axis = (place: number) => message(5, bytes(1, 'axis'), number(3, place));
const argMax = node('ArgMax', ['scores'], ['class']);
const lookUp = node('Gather', ['table', 'class'], ['label'], { attributes: [axis(0)] });

describe('findClassNumbers', () => {
  it('finds the table of labels, and what is looked up in it', () => {
    expect(findClassNumbers(model([argMax, lookUp, labels]))).toEqual({
      tensor: 'class',
      labels: ['no', 'yes'],
    });
    const { model: trained, definition } = trainedFlowers();
    const classes = definition.target.type === 'category' ? definition.target.categories : [];
    expect(findClassNumbers(trained)?.labels).toEqual(classes);
  });

  it.each([
    ['has no labels', trainedPrices().model],
    ['has no graph', number(1, 8)],
    [
      'looks labels up along another axis',
      model([argMax, node('Gather', ['table', 'class'], ['label'], { attributes: [axis(1)] }), labels]),
    ],
    ['makes labels by something else', model([argMax, node('LabelEncoder', ['class'], ['label']), labels])],
    ['has a table that is no constant', model([argMax, lookUp])],
    ['has a table of numbers', model([argMax, lookUp, initializer('table', [2], [4, 5])])],
    ['looks up what no operator made', model([lookUp, labels])],
  ])('leaves a model that %s as it is', (_, file) => {
    expect(findClassNumbers(file)).toBeUndefined();
  });
});

describe('withOutput', () => {
  it.each(['flowers', 'wines', 'letters'])('lets %s give its numbers beside its labels', async (name) => {
    const file = readFileSync(new URL(`fixtures/${name}.onnx`, import.meta.url));
    const found = findClassNumbers(file);
    if (!found) throw new Error(`${name} has no numbers of classes`);
    const session = await InferenceSession.create(withOutput(file, found.tensor));
    const feeds = Object.fromEntries(
      session.inputMetadata.map((input) => {
        const width = input.isTensor ? Number(input.shape[1]) : 0;
        return input.isTensor && input.type === 'string'
          ? [input.name, new Tensor('string', new Array<string>(3 * width).fill('red goal'), [3, width])]
          : [input.name, new Tensor('float32', new Float32Array(3 * width).fill(1), [3, width])];
      }),
    );
    const { label, [found.tensor]: numbers } = await session.run(feeds);
    expect(label?.data).toHaveLength(3);
    expect(Array.from((numbers?.data ?? []) as BigInt64Array, (each) => found.labels[Number(each)])).toEqual(
      label?.data,
    );
    await session.release();
  });
});
