import { defineModel } from '../../../../lib/model/definition.ts';

/** Whether a plant thrives; answers with scores, and knows its plants by a tag. */
export default defineModel({
  name: 'plants',
  task: 'classification',
  features: {
    height: { type: 'number', unit: 'cm', min: 0, max: 300 },
    leaves: { type: 'integer', min: 0, max: 500 },
    soil: { type: 'category', categories: ['clay', 'sand'], mayBeMissing: true },
  },
  target: { name: 'state', type: 'category', categories: ['poor', 'well'] },
  identity: ['tag'],
  train: { algorithm: 'random-forest', hyperparameters: { n_estimators: 15 } },
  gate: { limits: { accuracy: 0.6 } },
});
