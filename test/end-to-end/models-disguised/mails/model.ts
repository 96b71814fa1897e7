import { defineModel } from '../../../../lib/model/definition.ts';

/** The same persons as words, and numbers of cards of which the last four digits are left. */
export default defineModel({
  name: 'mails',
  task: 'text-classification',
  features: {
    agent: { type: 'text', personalData: 'contact', maxLength: 60 },
    card: { type: 'text', personalData: 'identifier', maxLength: 30, mayBeMissing: true },
  },
  target: { name: 'paid', type: 'category', categories: ['yes', 'no'] },
  identity: ['claim'],
  privacy: { personalData: { contact: 'hash', identifier: 'mask' } },
  train: {},
  gate: { limits: { accuracy: 0.9 } },
  rollout: { canary: { weight: 0 } },
});
