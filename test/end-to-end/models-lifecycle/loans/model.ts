import { defineModel } from '../../../../lib/model/definition.ts';

/** Rows about persons: an id to erase by, an age that is known in decades alone. */
export default defineModel({
  name: 'loans',
  task: 'classification',
  features: {
    income: { type: 'number', min: 0, max: 1000 },
    age: { type: 'integer', min: 0, max: 120, generalise: { width: 10 } },
  },
  target: { name: 'paid', type: 'category', categories: ['yes', 'no'] },
  identity: ['customer'],
  privacy: { anonymity: { columns: ['age'], k: 5 }, publish: { budget: 1 } },
  train: {},
  rollout: { canary: { weight: 0 } },
});
