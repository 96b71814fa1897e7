import { defineModel } from '../../../../lib/model/definition.ts';

/** Which film somebody watches next, by what people of the same taste watched. */
export default defineModel({
  name: 'films',
  task: 'ranking',
  features: { person: { type: 'text' } },
  target: { name: 'film', type: 'category', categories: ['alien', 'brazil', 'heidi', 'bambi'] },
  data: { duplicates: 'keep' },
  train: { algorithm: 'matrix-factorisation', hyperparameters: { factors: 2 }, crossValidationFolds: 2 },
});
