import { describe, expect, it } from 'vitest';
import { defineModel, type ModelDefinitionInput } from './definition.ts';
import { signatureOf } from './signature.ts';

const signature = (
  features: ModelDefinitionInput['features'],
  target: ModelDefinitionInput['target'] = { name: 'y', type: 'category', categories: ['b', 'a'] },
) =>
  signatureOf(
    defineModel({
      name: 'any',
      task: target.type === 'number' ? 'regression' : 'classification',
      features,
      target,
      train: {},
    }),
  );

describe('signatureOf', () => {
  it('keeps the order of the definition within numbers and within texts', () => {
    expect(
      signature({
        width: { type: 'number' },
        colour: { type: 'category', categories: ['red', 'blue'] },
        isNew: { type: 'boolean' },
        note: { type: 'text' },
        count: { type: 'integer' },
      }).inputs,
    ).toEqual([
      { name: 'numbers', datatype: 'FP32', features: ['width', 'isNew', 'count'] },
      { name: 'texts', datatype: 'BYTES', features: ['colour', 'note'] },
    ]);
  });

  it('leaves out a matrix without columns', () => {
    expect(signature({ note: { type: 'text' } }).inputs.map(({ name }) => name)).toEqual(['texts']);
    expect(signature({ width: { type: 'number' } }).inputs.map(({ name }) => name)).toEqual(['numbers']);
  });

  it('gives classes in the order of the target, or a value', () => {
    const width = { width: { type: 'number' } } as const;
    expect(signature(width).outputs).toEqual({ label: 'label', scores: 'scores', classes: ['b', 'a'] });
    expect(signature(width, { name: 'y', type: 'number' }).outputs).toEqual({ value: 'value' });
  });
});
