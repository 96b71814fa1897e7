import { defineModel } from '../../../../lib/model/definition.ts';

/** The same rivers by a gauge that was moved; two versions share the callers until labels tell which is better. */
export default defineModel({
  name: 'gauges',
  task: 'classification',
  features: { rain: { type: 'number', unit: 'mm', min: 0, max: 500 } },
  target: { name: 'stage', type: 'category', categories: ['low', 'high'] },
  train: { algorithm: 'decision-tree' },
  rollout: {
    strategy: 'ab',
    ab: { share: 50, mostDays: 0.01, leastDays: 0, lookEverySeconds: 5, leastSample: 20 },
  },
});
