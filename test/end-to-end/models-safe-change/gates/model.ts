import { defineModel } from '../../../../lib/model/definition.ts';

/** A version takes all traffic at once, after its replay and when a person says so. */
export default defineModel({
  name: 'gates',
  task: 'classification',
  features: {
    level: { type: 'number', unit: 'cm', min: 0, max: 100 },
    wind: { type: 'number', unit: 'm/s', min: 0, max: 1 },
  },
  target: { name: 'state', type: 'category', categories: ['open', 'shut'] },
  train: { algorithm: 'decision-tree' },
  rollout: { strategy: 'blue-green', approval: 'person' },
});
