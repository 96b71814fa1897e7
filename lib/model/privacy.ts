import { z } from 'zod';
import type { Task } from './algorithms.ts';
import type { Feature, Target } from './features.ts';
import type { TrainingDefinition } from './training.ts';

/** What the weights of a model may tell of any one train row. What is not protected: training/README.md. */
const differentialPrivacy = z.strictObject({
  /** The less, the more private and the less accurate; spent anew by each training on the same rows. */
  epsilon: z.number().positive().max(1000),
  /** Chance that epsilon does not hold; well below one over the number of train rows. */
  delta: z.number().positive().lt(1).default(1e-6),
  /** Greatest length of one row's gradient; features are scaled to -1 … 1. */
  clipNorm: z.number().positive().default(1),
});

export const privacy = z.strictObject({
  /** Trains with noise. For linear models by gradient-descent, or a train.py of the model's own. */
  differentialPrivacy: differentialPrivacy.optional(),
});

interface Trained {
  task: Task;
  target: Target;
  features: Readonly<Record<string, Feature>>;
  train: TrainingDefinition;
  retrain: { mode: 'anew' | 'online' };
  privacy: z.infer<typeof privacy>;
}

interface PrivacyProblem {
  path: (string | number)[];
  message: string;
}

/** What in a definition would tell more of its rows than the privacy it asks for. */
export function privacyProblems(definition: Trained): PrivacyProblem[] {
  if (!definition.privacy.differentialPrivacy) return [];
  const { target, features, train, retrain } = definition;
  const problems: PrivacyProblem[] = [];
  const note = (message: string, ...path: PrivacyProblem['path']) => problems.push({ path, message });
  const asked = 'privacy.differentialPrivacy';
  for (const [name, feature] of Object.entries(features)) {
    const message = refuseFeature(feature);
    if (message) note(message, 'features', name);
  }
  if (target.type === 'number' && (target.min === undefined || target.max === undefined)) {
    note(`${asked} needs its min and max: found in the rows, they would tell of them`, 'target');
  }
  const { hidden_units: hidden = 0, optimizer } = train.hyperparameters;
  if (hidden !== 0)
    note(`${asked} is for linear models; leave it out`, 'train', 'hyperparameters', 'hidden_units');
  if (optimizer === 'least-squares') {
    note(`${asked} needs an optimizer that takes steps`, 'train', 'hyperparameters', 'optimizer');
  }
  if (train.tune) note(`each trial would spend epsilon anew; leave it out with ${asked}`, 'train', 'tune');
  if (train.warmStart) note(`${asked} begins anew; leave it out`, 'train', 'warmStart');
  if (retrain.mode === 'online') note(`${asked} trains anew; set it to anew`, 'retrain', 'mode');
  if (train.instanceCount > 1) note(`${asked} trains on one instance`, 'train', 'instanceCount');
  return problems;
}

/** Preparing a column must not look at the rows. */
function refuseFeature(feature: Feature): string | undefined {
  if (feature.type === 'text') return 'private training takes no texts: their words would tell of the rows';
  if (feature.type !== 'number' && feature.type !== 'integer') return undefined;
  if (feature.min !== undefined && feature.max !== undefined) return undefined;
  return 'private training needs its min and max: found in the rows, they would tell of them';
}
