import { defineModel } from '../../../../lib/model/definition.ts';

/** A river's stage from its rain, which takes in what callers say, with another trainer setting. */
export default defineModel({
  name: 'rivers',
  task: 'classification',
  features: { rain: { type: 'number', unit: 'mm', min: 0, max: 500 } },
  target: { name: 'stage', type: 'category', categories: ['low', 'high'] },
  train: { algorithm: 'gradient-descent', hyperparameters: { epochs: 31, batch_size: 8 } },
  retrain: { update: 'hybrid', everyLabels: 20, cooldownMinutes: 0, onNewCode: true },
});
