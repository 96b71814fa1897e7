import { defineModel } from '../../../../lib/model/definition.ts';

/** Whether a field thrives: mostly by its rain, somewhat by its sun. Alarms of it are left to people. */
export default defineModel({
  name: 'fields',
  task: 'classification',
  features: {
    rain: { type: 'number', unit: 'mm', min: 0, max: 200 },
    sun: { type: 'number', unit: 'h', min: 0, max: 200 },
    site: { type: 'category', categories: ['north', 'south'] },
  },
  target: { name: 'harvest', type: 'category', categories: ['poor', 'good'] },
  data: { duplicates: 'keep' },
  train: { algorithm: 'logistic-regression' },
  gate: { slices: [{ feature: 'site' }] },
  monitor: { drift: { leastSample: 50 }, quality: { limit: 0.6, leastSample: 50 } },
  retrain: { update: 'one-off' },
});
