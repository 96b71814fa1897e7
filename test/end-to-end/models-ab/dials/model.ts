import { defineModel } from '../../../../lib/model/definition.ts';

/** Rivers by a gauge that was moved; up to three versions share the callers with the champion until labels tell which is best. */
export default defineModel({
  name: 'dials',
  task: 'classification',
  features: { rain: { type: 'number', unit: 'mm', min: 0, max: 500 } },
  target: { name: 'stage', type: 'category', categories: ['low', 'high'] },
  train: { algorithm: 'decision-tree' },
  rollout: {
    strategy: 'ab',
    ab: { arms: 3, share: 30, mostDays: 0.02, leastDays: 0, lookEverySeconds: 5, leastSample: 20 },
  },
});
