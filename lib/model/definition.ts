import * as z from 'zod';
import { EvergreenError } from '../shared/errors.ts';
import { abProblems } from './ab-test.ts';
import { type Algorithm, algorithmsOf, refuseAlgorithm, task } from './algorithms.ts';
import { dataPolicy } from './data-policy.ts';
import { dataProblems } from './data-problems.ts';
import { feature, target } from './features.ts';
import { federationProblems } from './federation.ts';
import { gate, gateProblems } from './gate.ts';
import { card, monitor, retrain, rollout } from './policies.ts';
import { personalDataProblems, privacy, privacyProblems } from './privacy.ts';
import { serve, serveProblems } from './serve.ts';
import { train } from './training.ts';
import { updateProblems } from './update-mode.ts';

export { hashBuckets } from './disguise.ts';

/** A model's name is part of keys, addresses and metric dimensions. */
export const modelName = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,39}$/, 'use 1 to 40 lower-case letters, digits and hyphens, a letter first');

const featureName = z
  .string()
  .regex(
    /^[A-Za-z][A-Za-z0-9_ .()/%-]{0,62}$/,
    'use 1 to 63 letters, digits, blanks and _ . ( ) / % -, a letter first',
  );

/** Everything about a model: what `models/<name>/model.ts` exports. */
export const modelDefinition = z
  .strictObject({
    name: modelName,
    description: z.string().default(''),
    task,
    features: z
      .record(featureName, feature)
      .refine((all) => Object.keys(all).length > 0, 'name at least one feature'),
    target,
    /** Columns that identify a row; without them a row is identified by all its values. */
    identity: z.array(z.string()).default([]),
    data: dataPolicy.prefault({}),
    train,
    gate: gate.prefault({}),
    rollout: rollout.prefault({}),
    monitor: monitor.prefault({}),
    retrain: retrain.prefault({}),
    privacy: privacy.prefault({}),
    card: card.prefault({}),
    /** Left out unless it is said, so that definitions of earlier releases keep their digest. */
    serve: serve.optional(),
  })
  .superRefine((definition, context) => {
    if (definition.target.name in definition.features) {
      context.addIssue({
        code: 'custom',
        path: ['target', 'name'],
        message: `${definition.target.name} is also a feature`,
      });
    }
    const { metric, limit } = definition.monitor.quality;
    const wantedMetric = definition.target.type === 'number' ? 'rmse' : 'accuracy';
    if (limit !== undefined && metric !== wantedMetric) {
      context.addIssue({
        code: 'custom',
        path: ['monitor', 'quality', 'metric'],
        message: `a ${definition.target.type} target is measured by ${wantedMetric}, not ${metric}`,
      });
    }
    const isRegression = definition.task === 'regression';
    if (isRegression !== (definition.target.type === 'number')) {
      const wanted = isRegression ? 'number' : 'category';
      context.addIssue({
        code: 'custom',
        path: ['target', 'type'],
        message: `${definition.task} needs a ${wanted} target`,
      });
    }
    if (
      definition.task === 'anomaly-detection' &&
      definition.target.type === 'category' &&
      definition.target.categories.length !== 2
    ) {
      context.addIssue({
        code: 'custom',
        path: ['target', 'categories'],
        message: 'name two: what is normal, then what is an anomaly',
      });
    }
    const isText = Object.values(definition.features).some(({ type }) => type === 'text');
    if (definition.task === 'text-classification' && !isText) {
      context.addIssue({ code: 'custom', path: ['features'], message: 'name at least one of type text' });
    }
  });

/** What is asked of a definition now; versions of earlier releases are served as they were defined then. */
const newDefinition = modelDefinition.superRefine((definition, context) => {
  const message = refuseAlgorithm(definition.train.algorithm, definition.task);
  if (message) context.addIssue({ code: 'custom', path: ['train', 'algorithm'], message });
  const problems = [
    ...gateProblems(definition.gate, definition),
    ...privacyProblems(definition),
    ...personalDataProblems(definition),
    ...federationProblems(definition),
    ...dataProblems(definition),
    ...serveProblems(definition),
    ...updateProblems(definition),
    ...abProblems(definition),
  ];
  for (const problem of problems) context.addIssue({ code: 'custom', ...problem });
});

export type ModelDefinition = z.infer<typeof modelDefinition>;
export type ModelDefinitionInput = z.input<typeof modelDefinition>;

/**
 * Describes a model; defaults are filled in.
 *
 * @throws EvergreenError `definition-invalid` that names each wrong field.
 */
export function defineModel(input: ModelDefinitionInput): ModelDefinition {
  const names: readonly Algorithm[] | undefined = algorithmsOf[input.task];
  const train = { ...(names?.[0] === undefined ? {} : { algorithm: names[0] }), ...input.train };
  const parsed = newDefinition.safeParse(withoutDropped({ ...input, train }));
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues.map(describeIssue);
  throw new EvergreenError(
    'definition-invalid',
    `model ${String(input.name)} is not well defined: ${issues.join('; ')}`,
    {
      details: { issues },
    },
  );
}

/** The field and what is wrong with it; of a name that is a key, what a key may be. */
function describeIssue(issue: z.core.$ZodIssue): string {
  const field = issue.path.length === 0 ? '(model)' : issue.path.join('.');
  const inner = issue.code === 'invalid_key' ? issue.issues.map(({ message }) => message) : [];
  return `${field}: ${[issue.message, ...inner].join(': ')}`;
}

/** A feature whose class is dropped is a column that is read, for checks and erasure, and never kept or asked for. */
function withoutDropped(input: ModelDefinitionInput): ModelDefinitionInput {
  const { personalData } = input.privacy ?? {};
  const isDropped = ({ personalData: of = 'none' }: ModelDefinitionInput['features'][string]) =>
    of !== 'none' && personalData?.[of] === 'drop';
  if (!personalData || typeof input.features !== 'object') return input;
  const dropped = Object.entries(input.features).filter(([, each]) => isDropped(each));
  if (dropped.length === 0) return input;
  const gone = new Set(dropped.map(([name]) => name));
  return {
    ...input,
    features: Object.fromEntries(Object.entries(input.features).filter(([name]) => !gone.has(name))),
    data: { ...input.data, columns: { ...Object.fromEntries(dropped), ...input.data?.columns } },
  };
}
