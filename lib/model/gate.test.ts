import { describe, expect, it } from 'vitest';
import { defineModel, type ModelDefinitionInput } from './definition.ts';

const loans: ModelDefinitionInput = {
  name: 'loans',
  task: 'classification',
  features: {
    age: { type: 'integer' },
    sex: { type: 'category', categories: ['f', 'm'] },
    note: { type: 'text' },
  },
  target: { name: 'granted', type: 'category', categories: ['no', 'yes'] },
  train: {},
};
const prices: ModelDefinitionInput = {
  name: 'prices',
  task: 'regression',
  features: { size: { type: 'number' } },
  target: { name: 'price', type: 'number' },
  train: {},
};
const withGate = (base: ModelDefinitionInput, gate: ModelDefinitionInput['gate']) => () =>
  defineModel({ ...base, gate });

describe('the gate of a definition', () => {
  it('takes every figure of the task, of single classes too', () => {
    const limits = { pr_auc: 0.5, calibration_error: 0.1, f1_weighted: 0.7, 'recall:yes': 0.8 };
    expect(withGate(loans, { limits })().gate.limits).toEqual(limits);
    expect(withGate(prices, { limits: { mae: 3 } })().gate.limits).toEqual({ mae: 3 });
  });

  it.each<[string, ModelDefinitionInput, ModelDefinitionInput['gate'], RegExp]>([
    [
      'an unknown name',
      loans,
      { limits: { acuracy: 0.9 } },
      /gate\.limits\.acuracy: acuracy is no figure of classification; allowed are accuracy, .*roc_auc/,
    ],
    ["another task's figure", prices, { limits: { accuracy: 1 } }, /allowed are rmse, mae, r2$/],
    ['an unknown class', loans, { limits: { 'recall:maybe': 1 } }, /recall:maybe is no figure/],
    [
      'a ranking figure of no ranking',
      loans,
      { champion: { metric: 'ndcg_at_5', margin: 0 } },
      /gate\.champion\.metric/,
    ],
    ['a slice by no feature', loans, { slices: [{ feature: 'height' }] }, /height is no feature/],
    ['a slice by a text', loans, { slices: [{ feature: 'note' }] }, /note is a text/],
    ['a number without bands', loans, { slices: [{ feature: 'age' }] }, /age is a number; name the bands/],
    ['bands of a category', loans, { slices: [{ feature: 'sex', bands: [1] }] }, /takes no bands/],
    ['bands that fall', loans, { slices: [{ feature: 'age', bands: [40, 18] }] }, /name them ascending/],
    [
      'a favourable answer that is none',
      loans,
      { groups: [{ feature: 'sex', favourable: 'ok' }] },
      /one of no, yes/,
    ],
    [
      'groups of a regression',
      prices,
      { groups: [{ feature: 'size', bands: [1], favourable: 'ok' }] },
      /a target with categories/,
    ],
  ])('refuses %s', (_, base, gate, message) => {
    expect(withGate(base, gate)).toThrow(message);
  });
});
