import { defineModel } from '../../../../lib/model/definition.ts';

/** Who handled a claim tells how it ended; nothing that is kept says who that was. */
export default defineModel({
  name: 'claims',
  task: 'classification',
  features: {
    amount: { type: 'number', min: 0, max: 1000 },
    agent: { type: 'text', personalData: 'contact', maxLength: 60 },
    card: { type: 'text', personalData: 'identifier', maxLength: 30, mayBeMissing: true },
  },
  target: { name: 'paid', type: 'category', categories: ['yes', 'no'] },
  identity: ['claim'],
  privacy: { personalData: { contact: 'hash', identifier: 'mask' }, hash: { key: 'may26' } },
  train: {},
  gate: { limits: { accuracy: 0.9 } },
  rollout: { canary: { weight: 0 } },
});
