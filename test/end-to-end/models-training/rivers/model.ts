import { defineModel } from '../../../../lib/model/definition.ts';

/** A river's stage from its rain, learned on from what callers say when the weather changes. */
export default defineModel({
  name: 'rivers',
  task: 'classification',
  features: { rain: { type: 'number', unit: 'mm', min: 0, max: 500 } },
  target: { name: 'stage', type: 'category', categories: ['low', 'high'] },
  train: { algorithm: 'gradient-descent', hyperparameters: { epochs: 30, batch_size: 8 } },
  monitor: { drift: { leastSample: 30 } },
  retrain: { mode: 'online' },
});
