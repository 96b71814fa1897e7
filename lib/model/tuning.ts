import * as z from 'zod';

/** A value of a hyperparameter, as the trainer takes it. */
export const hyperparameter = z.union([z.number(), z.string(), z.boolean()]);

/** Seconds that SageMaker takes as the least limit of a tuning job. */
export const leastTuningSeconds = 120;

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

/** What all searches of one run may take together; the first training job of a run is not part of it. */
const budget = z.strictObject({
  trials: z.int().min(1).max(500).optional(),
  /** Of wall time. */
  minutes: z
    .number()
    .min(leastTuningSeconds / 60)
    .max(30 * 24 * 60)
    .optional(),
  /** In the currency of `train.pricePerHour`. */
  money: z.number().positive().optional(),
});

export const tune = z
  .strictObject({
    strategy: z.enum(['grid', 'random', 'bayesian']).default('bayesian'),
    parameters: z
      .record(z.string(), range)
      .refine((all) => Object.keys(all).length > 0, 'name at least one parameter'),
    /** A figure the trainer prints as `<metric>=<number>`, measured on folds of the train rows. */
    objective: z
      .strictObject({ metric: z.string(), goal: z.enum(['maximize', 'minimize']) })
      .default({ metric: 'validation_score', goal: 'maximize' }),
    /** In the place of a single training job, or only when the gate refuses that one's model. */
    when: z.enum(['always', 'after-failed-gate']).default('after-failed-gate'),
    /** Of one search. */
    maxTrials: z.int().min(1).max(500).default(8),
    parallelTrials: z.int().min(1).max(100).default(2),
    /** Ends trials that are worse, fold for fold, than the median of those before. */
    earlyStopping: z.boolean().default(false),
    /** What the first search leaves goes into further ones when the gate refuses. @default one search */
    budget: budget.optional(),
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
    const points = trialsOf(tuning);
    if (tuning.budget?.trials !== undefined && tuning.budget.trials < points) {
      context.addIssue({
        code: 'custom',
        path: ['budget', 'trials'],
        message: `the grid has ${points} points, and a budget of ${tuning.budget.trials} trials does not pay for them; take a random or bayesian search`,
      });
    }
  });

export type TuningDefinition = z.infer<typeof tune>;

/** How many jobs one search starts: a grid one for each of its points, whatever number is set. */
export function trialsOf({
  strategy,
  parameters,
  maxTrials,
}: Pick<TuningDefinition, 'strategy' | 'parameters' | 'maxTrials'>): number {
  if (strategy !== 'grid') return maxTrials;
  return Object.values(parameters).reduce(
    (points, each) => points * (each.type === 'categorical' ? each.values.length : 1),
    1,
  );
}

/** How many of them run at a time; SageMaker refuses more than there are. */
export function parallelTrialsOf(tuning: TuningDefinition): number {
  return Math.min(tuning.parallelTrials, trialsOf(tuning));
}

/** Seconds of a search that a sum pays for when all its machines run all the time. */
export function secondsFor(money: number, pricePerHour: number, machines: number): number {
  return Math.floor((money / (pricePerHour * machines)) * 3600);
}

/** What is wrong with a sum of money as a limit, if anything. */
export function checkMoney(
  tuning: TuningDefinition,
  pricePerHour: number | undefined,
  instances: number,
): string | undefined {
  const money = tuning.budget?.money;
  if (money === undefined) return undefined;
  if (pricePerHour === undefined)
    return 'a sum of money needs train.pricePerHour, the price of the instance type';
  const machines = parallelTrialsOf(tuning) * instances;
  const seconds = secondsFor(money, pricePerHour, machines);
  if (seconds >= leastTuningSeconds) return undefined;
  const least = (leastTuningSeconds / 3600) * pricePerHour * machines;
  return `${money} pays for ${seconds} seconds of ${machines} machines; a search takes at least ${leastTuningSeconds}, which cost ${least.toFixed(4)}`;
}
