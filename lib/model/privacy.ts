import * as z from 'zod';
import type { Task } from './algorithms.ts';
import { areBuckets } from './disguise.ts';
import type { Feature, Target } from './features.ts';
import type { TrainingDefinition } from './training.ts';
import { takesRowsIn } from './update-mode.ts';

/** What the weights of a model may tell of any one train row. What is not protected: training/README.md. */
const differentialPrivacy = z.strictObject({
  /** The less, the more private and the less accurate; spent anew by each training on the same rows. */
  epsilon: z.number().positive().max(1000),
  /** Chance that epsilon does not hold; well below one over the number of train rows. */
  delta: z.number().positive().lt(1).default(1e-6),
  /** Greatest length of one row's gradient; features are scaled to -1 … 1. */
  clipNorm: z.number().positive().default(1),
});

/**
 * What becomes of features of a personal-data class. A dropped one is no feature: its column is read and not kept. A
 * keyed hash takes the place of a text, one of some buckets that of a category, see {@link hashBuckets}; or the last
 * characters that of a text.
 */
const treatment = z.enum(['keep', 'drop', 'hash', 'mask']).optional();

/** Columns that together may tell who a row is about, though none does alone. */
const anonymity = z.strictObject({
  columns: z.array(z.string()).min(1).max(20),
  /** Rows that must share the same values of these columns. */
  k: z.int().min(2).max(1000).default(5),
  /** Of rows in smaller groups: left out, or the file is rejected, or the report says so. */
  action: z.enum(['suppress', 'reject', 'warn']).default('suppress'),
});
export type AnonymityPolicy = z.infer<typeof anonymity>;

export const privacy = z.strictObject({
  /** By class of `personalData`. Coarser values are asked for by each feature: `generalise`. */
  personalData: z
    .strictObject({ identifier: treatment, contact: treatment, sensitive: treatment })
    .optional(),
  /** The key of hashes, by a name: with another name all hashes are others, and the model is trained anew. @default 1 */
  hash: z
    .strictObject({ key: z.string().regex(/^[a-z0-9]{1,16}$/, 'use 1 to 16 of a-z and 0-9') })
    .optional(),
  /** Characters at the end of a masked text that stay; of a short one at most half. @default 4 */
  mask: z.strictObject({ keepLast: z.int().min(0).max(20) }).optional(),
  anonymity: anonymity.optional(),
  /**
   * `data publish`: counts with noise; all that is published of a dataset's rows spends this epsilon. @default 1
   * `of: 'model'` has one budget for all datasets of the model, also for uploads that repeat rows of others.
   */
  publish: z
    .strictObject({
      budget: z.number().positive().max(100),
      of: z.enum(['dataset', 'model']).optional(),
    })
    .optional(),
  /** Column with the id of whom a row is about: what erasure goes by. @default the one column of `identity` */
  subject: z.string().optional(),
  /** Trains with noise. For linear models by gradient-descent, or a train.py of the model's own. */
  differentialPrivacy: differentialPrivacy.optional(),
});

interface Trained {
  task: Task;
  target: Target;
  features: Readonly<Record<string, Feature>>;
  train: TrainingDefinition;
  retrain: Parameters<typeof takesRowsIn>[0];
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
  if (takesRowsIn(retrain)) {
    const field = retrain.update === undefined ? 'mode' : 'update';
    note(`${asked} trains anew; set it to ${field === 'mode' ? 'anew' : 'batch'}`, 'retrain', field);
  }
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

interface Personal extends Trained {
  identity: readonly string[];
  data: { columns: Readonly<Record<string, unknown>> };
  privacy: z.infer<typeof privacy>;
}

/** What is asked of personal data and cannot be. */
export function personalDataProblems(definition: Personal): PrivacyProblem[] {
  const { target, features, identity, data, privacy: asked } = definition;
  const problems: PrivacyProblem[] = [];
  const isColumn = (name: string) =>
    [features, data.columns].some((known) => Object.hasOwn(known, name)) || identity.includes(name);
  for (const name of asked.anonymity?.columns ?? []) {
    if (isColumn(name) || name === target.name) continue;
    const message = `${name} is no column of the model; name it in data.columns to have it read`;
    problems.push({ path: ['privacy', 'anonymity', 'columns'], message });
  }
  if (asked.subject !== undefined && !isColumn(asked.subject)) {
    const message = `${asked.subject} is no column of the model; name it in identity or data.columns to have it read`;
    problems.push({ path: ['privacy', 'subject'], message });
  }
  // A party's rows are read where they lie, by its own jobs.
  const federated = 'with train.federated nobody would do it to the rows of a party; leave it out';
  if (definition.train.federated && asked.anonymity) {
    problems.push({ path: ['privacy', 'anonymity'], message: federated });
  }
  for (const [name, feature] of Object.entries(features)) {
    const isFederated = definition.train.federated && 'generalise' in feature && feature.generalise;
    const message = isFederated ? federated : refuseGeneralise(feature);
    if (message) problems.push({ path: ['features', name, 'generalise'], message });
    const refused = refuseDisguise(feature, definition);
    if (refused) problems.push({ path: ['features', name], message: refused });
  }
  return problems;
}

/** What is hashed or masked has no range; a category that is hashed is in no list. */
function refuseDisguise(feature: Feature, { train, privacy: asked }: Personal): string | undefined {
  const { personalData: of, type } = feature;
  const treatment = of === 'none' ? undefined : asked.personalData?.[of];
  const isDisguised = treatment === 'hash' || treatment === 'mask';
  if (isDisguised && train.federated) {
    return `privacy.personalData.${of} asks for ${treatment}, and with train.federated nobody would do it to the rows of a party`;
  }
  if (type === 'category' && treatment !== 'mask') {
    if (areBuckets(feature.categories) === (treatment === 'hash')) return undefined;
    return treatment === 'hash'
      ? `privacy.personalData.${of} asks for hash, and its categories would say what is hashed; write categories: hashBuckets(64)`
      : "its categories are buckets of hashes; give it a class of personalData, and say 'hash' of that in privacy.personalData";
  }
  if (!isDisguised || type === 'text') return undefined;
  return `privacy.personalData.${of} asks for ${treatment}, which is for texts${treatment === 'hash' ? ' and categories' : ''}; declare it as one, or generalise it`;
}

/** A coarser value must still be one of the feature. */
function refuseGeneralise(feature: Feature): string | undefined {
  if (!('generalise' in feature) || !feature.generalise) return undefined;
  if (feature.type === 'category') {
    const { keep } = feature.generalise;
    const longer = feature.categories.find((name) => [...name].length > keep);
    return longer === undefined ? undefined : `category ${longer} is never met: ${keep} characters are kept`;
  }
  const { width } = feature.generalise;
  return feature.min !== undefined && feature.min % width !== 0
    ? `min ${feature.min} is not a multiple of ${width}: the lowest range would begin below it`
    : undefined;
}
