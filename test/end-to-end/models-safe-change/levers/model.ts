import { defineModel } from '../../../../lib/model/definition.ts';

/** Replaced all at once; alarms may retrain it as often as they ask. */
export default defineModel({
  name: 'levers',
  task: 'classification',
  features: { x: { type: 'number', min: 0, max: 100 } },
  target: { name: 'side', type: 'category', categories: ['left', 'right'] },
  train: { algorithm: 'decision-tree' },
  rollout: { strategy: 'blue-green' },
  retrain: { cooldownMinutes: 0, mostPerDay: 20 },
});
