import { defineModel } from '../../../../lib/model/definition.ts';

/** Two farms that train together without a look at each other's fields. */
export default defineModel({
  name: 'yields',
  task: 'classification',
  features: {
    rain: { type: 'number', unit: 'mm', min: 0, max: 100 },
    soil: { type: 'category', categories: ['clay', 'sand'] },
  },
  target: { name: 'harvest', type: 'category', categories: ['poor', 'good'] },
  data: { maxRejectedShare: 0.1, split: { method: 'seeded', testShare: 0.5, seed: 1 } },
  train: {
    algorithm: 'gradient-descent',
    hyperparameters: { optimizer: 'adam', learning_rate: 0.2, batch_size: 8 },
    federated: { parties: ['north', 'south'], rounds: 2, localEpochs: 5 },
  },
  gate: { limits: { accuracy: 0.7 } },
});
