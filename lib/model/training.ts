import { z } from 'zod';

const hyperparameter = z.union([z.number(), z.string(), z.boolean()]);

/** What SageMaker asks of a range that is searched. */
function checkRange(
  { min, max, scale }: { min: number; max: number; scale: 'linear' | 'log' },
  context: z.RefinementCtx,
): void {
  if (min >= max) {
    context.addIssue({ code: 'custom', path: ['max'], message: `${max} is not above min, which is ${min}` });
  }
  if (scale === 'log' && min <= 0) {
    context.addIssue({ code: 'custom', path: ['min'], message: `a log scale starts above 0, not at ${min}` });
  }
}

const scale = z.enum(['linear', 'log']).default('linear');

const range = z.discriminatedUnion('type', [
  z
    .strictObject({ type: z.literal('continuous'), min: z.number(), max: z.number(), scale })
    .superRefine(checkRange),
  z.strictObject({ type: z.literal('integer'), min: z.int(), max: z.int(), scale }).superRefine(checkRange),
  z.strictObject({ type: z.literal('categorical'), values: z.array(hyperparameter).min(1) }),
]);

export const algorithm = z.enum(['linear-svc', 'logistic-regression', 'random-forest', 'gradient-boosting']);

const tune = z
  .strictObject({
    strategy: z.enum(['grid', 'random', 'bayesian']).default('bayesian'),
    parameters: z
      .record(z.string(), range)
      .refine((all) => Object.keys(all).length > 0, 'name at least one parameter'),
    /** A figure the trainer prints as `<metric>=<number>`, measured on folds of the train rows. */
    objective: z
      .strictObject({ metric: z.string(), goal: z.enum(['maximize', 'minimize']) })
      .default({ metric: 'validation_score', goal: 'maximize' }),
    maxTrials: z.int().min(1).max(500).default(8),
    parallelTrials: z.int().min(1).max(100).default(2),
  })
  .superRefine((tuning, context) => {
    if (tuning.strategy !== 'grid') return;
    for (const [name, candidate] of Object.entries(tuning.parameters)) {
      if (candidate.type !== 'categorical') {
        context.addIssue({
          code: 'custom',
          path: ['parameters', name, 'type'],
          message: 'a grid takes categorical ranges only',
        });
      }
    }
  });

/** How the model is trained. `tune` is used when the gate refuses the first candidate, once. */
export const train = z.strictObject({
  /** A built-in trainer; a `train.py` in the model folder takes its place. */
  algorithm: algorithm.default('logistic-regression'),
  hyperparameters: z.record(z.string(), hyperparameter).default({}),
  /** NumPy takes 32 bits. */
  seed: z.int().min(0).max(4_294_967_295).default(42),
  crossValidationFolds: z.int().min(2).max(20).default(5),
  maxRuntimeMinutes: z.int().min(1).max(1440).default(60),
  instanceType: z.string().startsWith('ml.').default('ml.m5.large'),
  volumeSizeGb: z.int().min(1).default(10),
  tune: tune.optional(),
});

export type TrainingDefinition = z.infer<typeof train>;
export type TuningDefinition = z.infer<typeof tune>;
