import * as z from 'zod';
import type { Feature, Target } from './features.ts';
import type { TrainingDefinition } from './training.ts';
import { takesRowsIn } from './update-mode.ts';

/** A party's name is part of keys, of the names of its jobs, and of its role's rights. */
export const partyName = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,19}$/, 'use 1 to 20 lower-case letters, digits and hyphens, a letter first');

/** Training by several parties, each on rows that only its own jobs read. What is not protected: training/README.md. */
export const federated = z.strictObject({
  parties: z
    .array(partyName)
    .min(2)
    .max(20)
    .refine((names) => new Set(names).size === names.length, 'name each party once'),
  /** How often the parties' weights are averaged. */
  rounds: z.int().min(1).max(50).default(10),
  /** Passes over its rows that a party makes between two averages. */
  localEpochs: z.int().min(1).max(100).default(1),
});

/** Settings of gradient-descent that a federation leaves nothing to decide. */
const decided = {
  epochs: 'rounds and localEpochs say how long parties train',
  tol: 'parties train for all rounds',
  patience: 'parties train for all rounds',
  validation_fraction: 'the model is held against the rows uploaded for it, which no party learns from',
  scale: 'columns are scaled by their min and max',
};

interface Trained {
  target: Target;
  features: Readonly<Record<string, Feature>>;
  train: TrainingDefinition;
  retrain: Parameters<typeof takesRowsIn>[0];
  privacy: { differentialPrivacy?: unknown };
}

interface FederationProblem {
  path: (string | number)[];
  message: string;
}

/** What in a definition parties that do not see each other's rows could not agree on. */
export function federationProblems(definition: Trained): FederationProblem[] {
  const { target, features, train, retrain, privacy } = definition;
  if (!train.federated) return [];
  const problems: FederationProblem[] = [];
  const note = (message: string, ...path: FederationProblem['path']) => problems.push({ path, message });
  const asked = 'train.federated';
  if (train.algorithm !== 'gradient-descent') {
    note(`${train.algorithm} leaves no weights to average; use gradient-descent`, 'train', 'algorithm');
  }
  for (const [name, feature] of Object.entries(features)) {
    const message = refuseFeature(feature);
    if (message) note(message, 'features', name);
  }
  if (target.type === 'number' && !(target.min !== undefined && target.max !== undefined)) {
    note(`${asked} needs its min and max: no party may find them in the rows of all`, 'target');
  }
  if (train.hyperparameters.optimizer === 'least-squares') {
    note(`${asked} needs an optimizer that takes steps`, 'train', 'hyperparameters', 'optimizer');
  }
  for (const [name, why] of Object.entries(decided)) {
    if (name in train.hyperparameters)
      note(`with ${asked} leave it out: ${why}`, 'train', 'hyperparameters', name);
  }
  if (train.tune) note(`${asked} trains with one setting; leave it out`, 'train', 'tune');
  if (train.warmStart) note(`${asked} begins anew; leave it out`, 'train', 'warmStart');
  if (takesRowsIn(retrain)) {
    const field = retrain.update === undefined ? 'mode' : 'update';
    note(`${asked} trains anew; set it to ${field === 'mode' ? 'anew' : 'batch'}`, 'retrain', field);
  }
  if (train.instanceCount > 1)
    note(`each party of ${asked} trains on one instance`, 'train', 'instanceCount');
  if (privacy.differentialPrivacy) {
    note(
      `its epsilon would hold for one training, and ${asked} hands weights out each round; leave one of them out`,
      'privacy',
      'differentialPrivacy',
    );
  }
  return problems;
}

/** Preparing a column must need no party's rows. */
function refuseFeature(feature: Feature): string | undefined {
  if (feature.type === 'text') return 'train.federated takes no texts: no party may know the words of all';
  if (feature.type !== 'number' && feature.type !== 'integer') return undefined;
  if (feature.min !== undefined && feature.max !== undefined) return undefined;
  return 'train.federated needs its min and max: no party may find them in the rows of all';
}

/** How many weights the shared model has: of each layer a row for each column going in and one for the intercepts. */
export function weightCount({
  features,
  target,
  train,
}: Pick<Trained, 'features' | 'target' | 'train'>): number {
  const columns = Object.values(features).map((each) =>
    each.type === 'category' ? each.categories.length : 1,
  );
  const width = columns.reduce((sum, count) => sum + count, 0);
  const classes = target.type === 'category' ? target.categories.length : 1;
  const outputs = classes === 2 ? 1 : classes;
  const hidden = Number(train.hyperparameters.hidden_units ?? 0);
  return hidden === 0 ? (width + 1) * outputs : (width + 1) * hidden + (hidden + 1) * outputs;
}

/** Where a party puts its rows, in the data bucket; its own jobs read there and nobody else. */
export function partyPrefix(model: string, party: string): string {
  return `parties/${model}/${party}/`;
}
