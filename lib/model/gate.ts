import * as z from 'zod';
import type { Task } from './algorithms.ts';
import type { Feature, Target } from './features.ts';
import { refuseMetric } from './metric-names.ts';

const share = z.number().min(0).max(1);
/** A feature that parts the rows: its categories, or bands of a number. */
const partition = {
  feature: z.string(),
  /** Of a number: where a band ends and the next begins, ascending; a band holds its lower end. */
  bands: z
    .array(z.number())
    .min(1)
    .refine((ends) => ends.every((end, i) => i === 0 || end > (ends[i - 1] ?? end)), 'name them ascending')
    .optional(),
  /** Rows below which nothing is said of a part. */
  leastRows: z.int().min(2).default(30),
};

/** When a candidate may be registered. Metric names are those of metric-names.ts. */
export const gate = z.strictObject({
  /** Least value of each metric; for error metrics the greatest. */
  limits: z.record(z.string(), z.number()).default({}),
  /** The candidate may be worse than the champion by at most `margin`, in units of the metric. */
  champion: z.strictObject({ metric: z.string(), margin: z.number().min(0) }).optional(),
  /** Parts of the rows in none of which the candidate may be proven worse than the champion by more than `margin`. */
  slices: z
    .array(
      z.strictObject({
        ...partition,
        /** @default the task's main metric: accuracy or rmse */
        metric: z.string().optional(),
        margin: z.number().min(0).default(0.05),
      }),
    )
    .default([]),
  /** Parts of people that must be treated alike, by a feature that is protected. */
  groups: z
    .array(
      z.strictObject({
        ...partition,
        /** The answer that is good for a person. */
        favourable: z.string(),
        /** Greatest differences between any two groups. */
        limits: z
          .strictObject({
            /** Of the shares of favourable answers among those who truly are favourable. */
            equal_opportunity: share.optional(),
            /** Of the shares of favourable answers. */
            demographic_parity: share.optional(),
          })
          .prefault({}),
      }),
    )
    .default([]),
  /** How the held-out rows are disturbed, and by how much the main metric may get worse, in its units. */
  robustness: z
    .strictObject({
      /** Standard deviation of the noise on each number, as a share of the number's own. */
      noise: z.number().positive().max(10).default(0.1),
      /** Share of values taken away from features that may be missing. */
      missing: share.default(0.2),
      limits: z
        .strictObject({
          noise: z.number().min(0).optional(),
          missing: z.number().min(0).optional(),
          /** One number after the other in a unit ten or a thousand times smaller. */
          units: z.number().min(0).optional(),
        })
        .prefault({}),
    })
    .prefault({}),
});

export type Gate = z.infer<typeof gate>;
export type Partition = Pick<Gate['slices'][number], 'feature' | 'bands' | 'leastRows'>;

/** The figure without which nothing is known of a version. */
export function mainMetric(task: Task): string {
  return task === 'regression' ? 'rmse' : 'accuracy';
}

interface GateProblem {
  path: (string | number)[];
  message: string;
}

/** What in a gate does not fit the model's task, target and features. */
export function gateProblems(
  { limits, champion, slices, groups }: Gate,
  { task, target, features }: { task: Task; target: Target; features: Readonly<Record<string, Feature>> },
): GateProblem[] {
  const categories = target.type === 'category' ? target.categories : [];
  const problems: GateProblem[] = [];
  const note = (message: string | undefined, ...path: GateProblem['path']) => {
    if (message !== undefined) problems.push({ path: ['gate', ...path], message });
  };
  for (const metric of Object.keys(limits)) note(refuseMetric(metric, task, categories), 'limits', metric);
  if (champion) note(refuseMetric(champion.metric, task, categories), 'champion', 'metric');
  for (const [place, { feature, bands, metric }] of slices.entries()) {
    note(refusePartition(features[feature], feature, bands), 'slices', place, 'feature');
    if (metric !== undefined) note(refuseMetric(metric, task, categories), 'slices', place, 'metric');
  }
  for (const [place, { feature, bands, favourable }] of groups.entries()) {
    note(refusePartition(features[feature], feature, bands), 'groups', place, 'feature');
    if (!categories.includes(favourable)) {
      const allowed = categories.length > 0 ? `one of ${categories.join(', ')}` : 'a target with categories';
      note(`${favourable} is no answer of the model; it takes ${allowed}`, 'groups', place, 'favourable');
    }
  }
  return problems;
}

function refusePartition(
  feature: Feature | undefined,
  name: string,
  bands: readonly number[] | undefined,
): string | undefined {
  if (!feature) return `${name} is no feature`;
  if (feature.type === 'text') return `${name} is a text; name a category, a boolean, or a number with bands`;
  const isNumber = feature.type === 'number' || feature.type === 'integer';
  if (isNumber && !bands) return `${name} is a number; name the bands it falls into`;
  if (!isNumber && bands) return `${name} is a ${feature.type} and takes no bands`;
  return undefined;
}
