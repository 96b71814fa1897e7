import { defineModel, hashBuckets } from '../../../../lib/model/definition.ts';

/** Who handled a claim tells how it ended; nothing that is kept says who that was. */
export default defineModel({
  name: 'claims',
  task: 'classification',
  features: {
    amount: { type: 'number', min: 0, max: 1000 },
    agent: { type: 'category', personalData: 'contact', categories: hashBuckets(64) },
  },
  target: { name: 'paid', type: 'category', categories: ['yes', 'no'] },
  identity: ['claim'],
  privacy: { personalData: { contact: 'hash' }, hash: { key: 'may26' } },
  train: {},
  gate: { limits: { accuracy: 0.9 } },
  rollout: { canary: { weight: 0 } },
});
