import { describe, expect, it } from 'vitest';
import { defineModel, type ModelDefinitionInput } from './definition.ts';

const loans: ModelDefinitionInput = {
  name: 'loans',
  task: 'classification',
  features: { age: { type: 'integer', min: 18, max: 99 }, job: { type: 'category', categories: ['a', 'b'] } },
  target: { name: 'granted', type: 'category', categories: ['no', 'yes'] },
  train: { algorithm: 'gradient-descent' },
  privacy: { differentialPrivacy: { epsilon: 2 } },
};

describe('differential privacy of a definition', () => {
  it('has a delta and a clipping length of its own', () => {
    expect(defineModel(loans).privacy).toEqual({
      differentialPrivacy: { epsilon: 2, delta: 1e-6, clipNorm: 1 },
    });
  });

  it.each<[string, Partial<ModelDefinitionInput>, RegExp]>([
    [
      'an open range',
      { features: { age: { type: 'integer', min: 18 } } },
      /features\.age: .* its min and max/,
    ],
    ['a text', { features: { note: { type: 'text' } } }, /features\.note: private training takes no texts/],
    [
      'a target without a range',
      { task: 'regression', target: { name: 'sum', type: 'number', min: 0 } },
      /target: .* needs its min and max/,
    ],
    ['hidden units', { train: { ...loans.train, hyperparameters: { hidden_units: 8 } } }, /linear models/],
    [
      'the closed form',
      { train: { ...loans.train, hyperparameters: { optimizer: 'least-squares' } } },
      /an optimizer that takes steps/,
    ],
    [
      'a search',
      { train: { ...loans.train, tune: { parameters: { l2: { type: 'continuous', min: 0, max: 1 } } } } },
      /train\.tune: each trial would spend epsilon anew/,
    ],
    ['a warm start', { train: { ...loans.train, warmStart: true } }, /train\.warmStart/],
    ['online retrains', { retrain: { mode: 'online' } }, /retrain\.mode/],
    ['several instances', { train: { ...loans.train, instanceCount: 2 } }, /train\.instanceCount/],
    ['no epsilon', { privacy: { differentialPrivacy: { epsilon: 0 } } }, /differentialPrivacy\.epsilon/],
  ])('refuses %s', (_, over, message) => {
    expect(() => defineModel({ ...loans, ...over })).toThrow(message);
  });
});
