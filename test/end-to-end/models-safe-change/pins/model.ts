import { defineModel } from '../../../../lib/model/definition.ts';

/** One version stays live, whatever is uploaded and whatever alarms ask for. */
export default defineModel({
  name: 'pins',
  task: 'classification',
  features: { x: { type: 'number', min: 0, max: 100 } },
  target: { name: 'side', type: 'category', categories: ['left', 'right'] },
  train: { algorithm: 'decision-tree' },
  rollout: { strategy: 'pinned' },
  retrain: { cooldownMinutes: 0, mostPerDay: 20 },
});
