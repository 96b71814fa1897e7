import { defineModel } from '../../lib/model/definition.ts';

const centimetres = { type: 'number', unit: 'cm', min: 0, max: 30 } as const;

/** Which of three irises a flower is, by four lengths. */
export default defineModel({
  name: 'iris',
  description: 'Species of an iris from the lengths and widths of its sepals and petals.',
  task: 'classification',
  features: {
    sepal_length: centimetres,
    sepal_width: centimetres,
    petal_length: centimetres,
    petal_width: centimetres,
  },
  target: { name: 'species', type: 'category', categories: ['setosa', 'versicolor', 'virginica'] },
  data: {
    duplicates: 'keep',
    split: { method: 'seeded', testShare: 0.2, seed: 42 },
  },
  train: {
    algorithm: 'linear-svc',
    hyperparameters: { C: 1.0 },
    seed: 42,
    tune: {
      strategy: 'bayesian',
      parameters: { C: { type: 'continuous', min: 0.01, max: 100, scale: 'log' } },
      maxTrials: 4,
    },
  },
  gate: { limits: { accuracy: 0.9 }, champion: { metric: 'accuracy', margin: 0.02 } },
  rollout: { canary: { weight: 20, bakeSeconds: 600 } },
  monitor: { everyMinutes: 60, drift: { leastSample: 50 }, quality: { limit: 0.85, leastSample: 20 } },
  // What nobody says is shown in the model card as not given.
  card: {
    intendedUse: 'Showing the whole loop on data that everybody knows.',
    outOfScope: 'Naming flowers that matter to anybody, or of other species.',
    limitations: 'Learned from 150 flowers of three species; any other flower is named as one of them.',
  },
});
