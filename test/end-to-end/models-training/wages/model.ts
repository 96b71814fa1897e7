import { defineModel } from '../../../../lib/model/definition.ts';

/** Who earns more than the mean, learned with noise, so that nobody's wage can be told from the weights. */
export default defineModel({
  name: 'wages',
  task: 'classification',
  features: {
    years: { type: 'number', min: 0, max: 40 },
    leads: { type: 'boolean' },
  },
  target: { name: 'wage', type: 'category', categories: ['below', 'above'] },
  train: {
    algorithm: 'gradient-descent',
    hyperparameters: { epochs: 20, batch_size: 64, optimizer: 'sgd', learning_rate: 0.5 },
    crossValidationFolds: 2,
  },
  privacy: { differentialPrivacy: { epsilon: 4, delta: 1e-5 } },
  gate: { limits: { accuracy: 0.7 } },
});
