import * as z from 'zod';
import { type ColumnProfile, columnProfile, type DatasetProfile, type Row } from '../data/dataset.ts';
import { profileRows } from '../data/profile.ts';
import { partRows } from '../evaluation/parts.ts';
import { calibrationBins } from '../evaluation/probability-metrics.ts';
import type { Prediction, PredictionRecord } from '../inference/prediction-record.ts';
import type { ModelDefinition } from '../model/definition.ts';
import { numberBins } from './number-bins.ts';

const count = z.int().min(0);

/** Scores are added up as whole millionths, so that the order of adding changes nothing. */
export const scoreUnit = 1_000_000;

/** What one version answered. */
const answers = z.object({
  rows: count,
  /** Answers by label. */
  labels: z.record(z.string(), count),
  /** Regressions: values by the bins of the reference. */
  values: z.array(count),
  /** Rows by the bin of their greatest score, ten of equal width; the sum of those scores in millionths. */
  confidences: z.array(z.object({ rows: count, score: count })),
  /** Sum of the score of each class (inner) in millionths, by the label that was answered (outer). */
  expected: z.record(z.string(), z.record(z.string(), count)),
  /**
   * Of two classes: rows by the bin of the score of the class that is first by name, narrow in log odds, and the sum of
   * those scores in millionths. Empty otherwise, and in hours that an earlier release counted.
   */
  ranks: z.array(z.object({ rows: count, score: count })).default([]),
  /** Sum of p (1 - p) in millionths, p the score of the label that was answered. */
  variance: count,
});
export type AnswerCounts = z.infer<typeof answers>;

const slice = z.object({
  feature: z.string(),
  slice: z.string(),
  rows: count,
  features: z.record(z.string(), columnProfile),
});

/**
 * Traffic of a period as counts on the frozen bins of one version's training profile. Counts of periods add up to those
 * of all of them together, whatever the order.
 */
export const trafficProfile = z.object({
  predictions: count,
  /** Rows that were asked of any version: what comes in does not depend on who answers. */
  rows: count,
  features: z.record(z.string(), columnProfile),
  /** Of the version whose bins these are. */
  answers,
  slices: z.array(slice),
});
export type TrafficProfile = z.infer<typeof trafficProfile>;

/** What traffic is counted on. */
export interface ProfileBase {
  version: number;
  definition: ModelDefinition;
  profile: DatasetProfile;
  /** Inner edges of the bins of a regression's values; without a reference there are none. */
  valueEdges: readonly number[];
}

/** Matrices of more classes would make an hour large. */
const mostClasses = 20;

const noAnswers = (): AnswerCounts => ({
  rows: 0,
  labels: {},
  values: [],
  confidences: [],
  expected: {},
  ranks: [],
  variance: 0,
});

/** Means and extremes of a day are not needed, and would depend on the order of adding. */
function withoutMoments(profiles: Record<string, ColumnProfile>): Record<string, ColumnProfile> {
  const bare = { mean: null, standardDeviation: null, min: null, max: null };
  return Object.fromEntries(
    Object.entries(profiles).map(([name, each]) => [
      name,
      each.type === 'numeric' ? { ...each, ...bare } : each,
    ]),
  );
}

/** Bins of log odds: a quarter wide between -8 and 8, and one for all beyond at each end. */
const rankBins = 66;

function countRank(counts: AnswerCounts, scores: Record<string, number>): void {
  const [first, ...others] = Object.keys(scores).sort();
  if (first === undefined || others.length !== 1) return;
  if (counts.ranks.length === 0) {
    counts.ranks = Array.from({ length: rankBins }, () => ({ rows: 0, score: 0 }));
  }
  const p = Math.min(1, Math.max(0, scores[first] ?? 0));
  const place = Math.floor((Math.log(p / (1 - p)) + 8) * 4) + 1;
  const bin = counts.ranks[Math.min(rankBins - 1, Math.max(0, place))];
  if (bin) {
    bin.rows += 1;
    bin.score += Math.round(p * scoreUnit);
  }
}

function countScores(counts: AnswerCounts, label: string, scores: Record<string, number>): void {
  const best = Math.max(...Object.values(scores));
  if (!Number.isFinite(best)) return;
  if (counts.confidences.length === 0) {
    counts.confidences = Array.from({ length: calibrationBins }, () => ({ rows: 0, score: 0 }));
  }
  const place = Math.min(calibrationBins - 1, Math.max(0, Math.ceil(best * calibrationBins) - 1));
  const bin = counts.confidences[place];
  if (bin) {
    bin.rows += 1;
    bin.score += Math.round(Math.min(1, Math.max(0, best)) * scoreUnit);
  }
  countRank(counts, scores);
  const line = counts.expected[label] ?? {};
  counts.expected[label] = line;
  const kept =
    Object.keys(scores).length <= mostClasses
      ? Object.entries(scores)
      : [[label, scores[label] ?? 0] as const];
  for (const [name, score] of kept) {
    line[name] = (line[name] ?? 0) + Math.round(Math.min(1, Math.max(0, score)) * scoreUnit);
  }
  const p = Math.min(1, Math.max(0, scores[label] ?? 0));
  counts.variance += Math.round(p * (1 - p) * scoreUnit);
}

function countAnswers(predictions: readonly Prediction[], edges: readonly number[]): AnswerCounts {
  const counts = noAnswers();
  counts.rows = predictions.length;
  for (const given of predictions) {
    if (!('label' in given)) continue;
    counts.labels[given.label] = (counts.labels[given.label] ?? 0) + 1;
    if (given.scores) countScores(counts, given.label, given.scores);
  }
  const values = predictions.flatMap((given) => ('value' in given ? [given.value] : []));
  if (values.length > 0 && edges.length > 0) counts.values = numberBins(values, edges);
  return counts;
}

function sliceRows(rows: readonly Row[], { definition, profile }: ProfileBase): TrafficProfile['slices'] {
  return definition.gate.slices
    .filter(({ feature }) => definition.features[feature]?.personalData === 'none')
    .flatMap((rule) =>
      partRows(rows, rule).map(({ name, positions }) => ({
        feature: rule.feature,
        slice: name,
        rows: positions.length,
        features: withoutMoments(
          profileRows(
            positions.map((position) => rows[position] ?? {}),
            definition,
            profile,
          ),
        ),
      })),
    );
}

/** Counts records, each prediction once however often it is given. */
export function profileTraffic(records: readonly PredictionRecord[], base: ProfileBase): TrafficProfile {
  const once = [...new Map(records.map((record) => [record.predictionId, record])).values()];
  const rows = once.flatMap((record) => record.rows);
  const own = once.filter(({ version }) => version === base.version);
  return {
    predictions: once.length,
    rows: rows.length,
    features: withoutMoments(profileRows(rows, base.definition, base.profile)),
    answers: countAnswers(
      own.flatMap(({ predictions }) => predictions),
      base.valueEdges,
    ),
    slices: sliceRows(rows, base),
  };
}
