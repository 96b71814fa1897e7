import { defineModel } from '../../../../lib/model/definition.ts';

/** The height of a place, which 8-bit weights may not know any worse than full ones: so they never serve. */
export default defineModel({
  name: 'hills',
  task: 'regression',
  features: { east: { type: 'number' }, north: { type: 'number' } },
  target: { name: 'height', type: 'number' },
  train: {
    algorithm: 'mlp',
    hyperparameters: { hidden_layer_sizes: '64,64', tol: 0.0001, max_iter: 2000 },
    crossValidationFolds: 2,
  },
  serve: { quantise: 'int8', mostLoss: 0 },
});
