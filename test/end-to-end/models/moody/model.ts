import { defineModel } from '../../../../lib/model/definition.ts';

/**
 * A model whose candidates go wrong in traffic only: its train.py reads from the data what shall happen.
 * With mood 0 all is well. For x above 90, which no train row has, it fails with 1, is slow with 2 and answers
 * a constant with 3.
 */
export default defineModel({
  name: 'moody',
  task: 'classification',
  features: {
    x: { type: 'number', min: 0, max: 100 },
    mood: { type: 'integer', min: 0, max: 3 },
  },
  target: { name: 'side', type: 'category', categories: ['left', 'right'] },
  data: { duplicates: 'keep', split: { method: 'seeded', testShare: 0.2, seed: 1 } },
  train: { algorithm: 'logistic-regression' },
  gate: { limits: { accuracy: 0.8 }, champion: { metric: 'accuracy', margin: 0.1 } },
  rollout: {
    canary: { weight: 50 },
    limits: { errorShare: 0.05, p99LatencyMs: 400, leastRequests: 3 },
    judge: { leastSample: 20 },
    // Captured requests would tell on the candidates before they get any traffic.
    replay: { requests: 0 },
    shadow: { seconds: 1 },
  },
  monitor: { drift: { leastSample: 50 }, quality: { limit: 0.7, leastSample: 20 } },
  retrain: { cooldownMinutes: 60 },
});
