import { defineModel } from '../../../../lib/model/definition.ts';

/** A model whose uploads are examined by Spark once the limit of its stage is low. */
export default defineModel({
  name: 'plots',
  task: 'regression',
  features: {
    area: { type: 'number', unit: 'm2', min: 0, max: 1000, outliers: { action: 'clip' } },
    district: {
      type: 'category',
      categories: ['north', 'south'],
      mayBeMissing: true,
      impute: { strategy: 'constant', value: 'south' },
    },
  },
  target: { name: 'price', type: 'number', min: 0 },
  data: { split: { method: 'hash', testShare: 0.25 } },
  train: { algorithm: 'random-forest', hyperparameters: { n_estimators: 20 } },
  gate: { limits: { r2: 0.5 } },
});
