import { defineModel } from '../../../../lib/model/definition.ts';

/** Whether a point lies within a ring, served with 8-bit weights. */
export default defineModel({
  name: 'rings',
  task: 'classification',
  features: { x: { type: 'number' }, y: { type: 'number' } },
  target: { name: 'place', type: 'category', categories: ['inside', 'outside'] },
  train: {
    algorithm: 'mlp',
    hyperparameters: { hidden_layer_sizes: '64,64', tol: 0.001, max_iter: 1000 },
    crossValidationFolds: 2,
  },
  gate: { limits: { accuracy: 0.8 } },
  serve: { quantise: 'int8', mostLoss: 0.05 },
});
