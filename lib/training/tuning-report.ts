import * as z from 'zod';
import type { ModelDefinition } from '../model/definition.ts';
import type { TrainingDefinition } from '../model/training.ts';
import { hyperparameter, type TuningDefinition } from '../model/tuning.ts';
import { type Dimension, importanceOf, leastTrials, type Observation } from './importance.ts';
import { moneyOf, type TuningCost } from './tuning-budget.ts';

/** One training job of a search. */
export const trial = z.object({
  job: z.string(),
  search: z.string(),
  hyperparameters: z.record(z.string(), hyperparameter),
  /** The last value it printed of the objective. */
  objective: z.number().nullable(),
  /** `stopped`: early, or because the search's time was over. */
  status: z.enum(['completed', 'stopped', 'failed']),
  seconds: z.number().min(0),
});
export type Trial = z.infer<typeof trial>;

export const search = z.object({
  job: z.string(),
  status: z.string(),
  /** Of wall time. */
  seconds: z.number().min(0),
});
export type Search = z.infer<typeof search>;

/** tuning/<model>/<run>.json in the model bucket, and tuning.json in the package of a version found by a search. */
export const tuningReport = z.object({
  schema: z.literal('evergreen/tuning/v1'),
  model: z.string(),
  runId: z.string(),
  datasetId: z.string(),
  definitionDigest: z.string(),
  strategy: z.string(),
  objective: z.object({ metric: z.string(), goal: z.enum(['maximize', 'minimize']) }),
  searches: z.array(search),
  /** The completed trial with the best objective; the first of equals. */
  best: trial.nullable(),
  /** In the order they began. */
  trials: z.array(trial),
  importance: z.object({
    method: z.literal('functional ANOVA of a random forest'),
    trials: z.int().min(0),
    /** Share of the objective's variance over the search space that each parameter explains alone; null when unknown. */
    shares: z.record(z.string(), z.number()).nullable(),
    why: z.string(),
  }),
  spent: z.object({
    trials: z.int(),
    minutes: z.number(),
    /** Of all trials together. */
    machineMinutes: z.number(),
    /** At the price that the definition states; null without one. */
    money: z.number().nullable(),
  }),
  /** Why no further search was begun, or null when one could. */
  exhausted: z.string().nullable(),
});
export type TuningReport = z.infer<typeof tuningReport>;

export const tuningReportKey = (model: string, runId: string) => `tuning/${model}/${runId}.json`;

/** Which trials are better: greater, or less, as the objective asks. */
export function bestTrial(
  trials: readonly Trial[],
  { goal }: TuningDefinition['objective'],
): (Trial & { objective: number }) | undefined {
  const sign = goal === 'maximize' ? 1 : -1;
  return trials
    .flatMap((each) =>
      // A trial that was stopped left no model.
      each.status === 'completed' && each.objective !== null ? [{ ...each, objective: each.objective }] : [],
    )
    .reduce<(Trial & { objective: number }) | undefined>(
      (best, each) => (best && sign * (each.objective - best.objective) <= 0 ? best : each),
      undefined,
    );
}

/** What the searches of a run cost together. */
export function costOf(searches: readonly Search[], trials: readonly Trial[]): TuningCost {
  return {
    searches: searches.length,
    trials: trials.length,
    seconds: searches.reduce((sum, { seconds }) => sum + seconds, 0),
    machineSeconds: trials.reduce((sum, { seconds }) => sum + seconds, 0),
  };
}

type Range = TuningDefinition['parameters'][string];

/** Where a value lies in its range, from 0 to 1 on its scale; of a choice, its number. */
function placeOf(range: Range, value: unknown): number {
  if (range.type === 'categorical') return range.values.indexOf(value as (typeof range.values)[number]);
  const { min, max, scale } = range;
  const on = (each: number) => (scale === 'log' ? Math.log(each) : each);
  const place = (on(Number(value)) - on(min)) / (on(max) - on(min));
  return Math.min(1, Math.max(0, place));
}

function importance(trials: readonly Trial[], tune: TuningDefinition, seed: number) {
  const parameters = Object.entries(tune.parameters);
  // A stopped trial's last value counts fewer folds than the others' and would be compared with them unfairly.
  const counted = trials.filter(({ status, objective }) => status === 'completed' && objective !== null);
  const observations: Observation[] = counted.map(({ hyperparameters, objective }) => ({
    position: parameters.map(([name, range]) => placeOf(range, hyperparameters[name])),
    objective: objective ?? Number.NaN,
  }));
  const dimensions: Dimension[] = parameters.map(([, range]) =>
    range.type === 'categorical' ? range.values.length : 'range',
  );
  const shares = importanceOf(observations, dimensions, seed);
  const method = 'functional ANOVA of a random forest' as const;
  if (shares) {
    const named = parameters.map(([name], place) => [name, shares[place] ?? 0] as const);
    const why = 'share of the variance over the search space; the rest is explained by parameters together';
    return { method, trials: counted.length, shares: Object.fromEntries(named), why };
  }
  const why =
    counted.length < leastTrials
      ? `${counted.length} completed trials are too few; it takes ${leastTrials}`
      : 'all trials came out alike';
  return { method, trials: counted.length, shares: null, why };
}

/** The report of all searches of a run. */
export function reportTuning(
  about: { runId: string; datasetId: string; definitionDigest: string; definition: ModelDefinition },
  tune: TuningDefinition,
  searches: Search[],
  trials: Trial[],
  exhausted: string | null,
): TuningReport {
  const { definition, ...ids } = about;
  const train: TrainingDefinition = definition.train;
  const cost = costOf(searches, trials);
  return {
    schema: 'evergreen/tuning/v1',
    model: definition.name,
    ...ids,
    strategy: tune.strategy,
    objective: tune.objective,
    searches,
    best: bestTrial(trials, tune.objective) ?? null,
    trials,
    importance: importance(trials, tune, train.seed),
    spent: {
      trials: cost.trials,
      minutes: cost.seconds / 60,
      machineMinutes: cost.machineSeconds / 60,
      money: moneyOf(train, cost),
    },
    exhausted,
  };
}

/** One sentence for the end of a run that tuning did not save. */
export function sentenceOf({ best, objective, trials, searches, exhausted }: TuningReport): string {
  const found = best ? `best ${objective.metric} ${Number(best.objective?.toFixed(6))}` : 'none completed';
  const how = searches.length === 1 ? '1 search' : `${searches.length} searches`;
  return `tuned by ${trials.length} trials in ${how}, ${found}${exhausted === null ? '' : `; ${exhausted}`}`;
}
