import { defineModel } from '../../../../lib/model/definition.ts';

/** Two heaps of points; how smooth the border between them is gets tuned. */
export default defineModel({
  name: 'blobs',
  task: 'classification',
  features: { x: { type: 'number' }, y: { type: 'number' } },
  target: { name: 'side', type: 'category', categories: ['left', 'right'] },
  train: {
    algorithm: 'svc',
    crossValidationFolds: 3,
    tune: {
      strategy: 'bayesian',
      when: 'always',
      maxTrials: 6,
      parameters: {
        C: { type: 'continuous', min: 0.01, max: 100, scale: 'log' },
        kernel: { type: 'categorical', values: ['rbf', 'sigmoid'] },
      },
    },
  },
});
