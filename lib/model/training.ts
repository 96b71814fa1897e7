import * as z from 'zod';
import { algorithm } from './algorithms.ts';
import { federated } from './federation.ts';
import { checkMoney, hyperparameter, tune } from './tuning.ts';

/** How the model is trained. */
export const train = z
  .strictObject({
    /** A built-in trainer of the task; a `train.py` in the model folder takes its place. @default the task's first */
    algorithm: algorithm.default('logistic-regression'),
    hyperparameters: z.record(z.string(), hyperparameter).default({}),
    /** NumPy takes 32 bits. */
    seed: z.int().min(0).max(4_294_967_295).default(42),
    crossValidationFolds: z.int().min(2).max(20).default(5),
    maxRuntimeMinutes: z.int().min(1).max(1440).default(60),
    /** Whether training begins at the champion's weights instead of anew; gradient-descent only. */
    warmStart: z.boolean().default(false),
    instanceType: z.string().startsWith('ml.').default('ml.m5.large'),
    /** Instances that share the rows of each step and add up their gradients; gradient-descent, or an own train.py. */
    instanceCount: z.int().min(1).max(20).default(1),
    /** Of one instance, in a currency of your own choice: what a tuning budget of money is counted in. */
    pricePerHour: z.number().positive().optional(),
    volumeSizeGb: z.int().min(1).default(10),
    tune: tune.optional(),
    /** Parties that train together, each on its own rows; gradient-descent only. */
    federated: federated.optional(),
  })
  .superRefine((training, context) => {
    const { tune: tuning, pricePerHour, instanceCount } = training;
    const message = tuning && checkMoney(tuning, pricePerHour, instanceCount);
    if (message) context.addIssue({ code: 'custom', path: ['tune', 'budget', 'money'], message });
  });

export type TrainingDefinition = z.infer<typeof train>;
