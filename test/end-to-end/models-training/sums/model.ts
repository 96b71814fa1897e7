import { defineModel } from '../../../../lib/model/definition.ts';

/** A sum, learned by gradient descent on two instances. */
export default defineModel({
  name: 'sums',
  task: 'regression',
  features: { a: { type: 'number' }, b: { type: 'number' } },
  target: { name: 'sum', type: 'number' },
  train: {
    algorithm: 'gradient-descent',
    hyperparameters: { epochs: 30, learning_rate: 0.05 },
    crossValidationFolds: 2,
    instanceCount: 2,
  },
  gate: { limits: { r2: 0.8 } },
});
