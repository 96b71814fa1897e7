import { defineModel } from '../../../../lib/model/definition.ts';

/** Short notes from customers, sorted by what they are about. */
export default defineModel({
  name: 'notes',
  task: 'text-classification',
  features: { note: { type: 'text' } },
  target: { name: 'topic', type: 'category', categories: ['invoice', 'delivery'] },
  train: {},
  gate: { limits: { accuracy: 0.8 } },
});
