import { defineModel } from '../../../lib/model/definition.ts';
import { cultivars, measurements } from '../wine.ts';

/** Three cultivars of wine, told apart by a small network of PyTorch in train.py. */
export default defineModel({
  name: 'wine-pytorch',
  task: 'classification',
  features: measurements,
  target: { name: 'cultivar', type: 'category', categories: cultivars },
  train: { hyperparameters: { hidden: 16, epochs: 150, learning_rate: 0.01 }, crossValidationFolds: 3 },
  gate: { limits: { accuracy: 0.9 } },
});
