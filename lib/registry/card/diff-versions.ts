import type { ModelDefinition } from '../../model/definition.ts';
import { isErrorMetric } from '../../model/metric-names.ts';
import { canonicalJson } from '../../shared/digest.ts';
import type { ModelCard } from './model-card.ts';

/** One version, as its card and its definition say. */
export interface Described {
  card: ModelCard;
  definition: ModelDefinition;
}

/** A field that is not the same; null on the side that does not have it. */
export interface Difference {
  field: string;
  a: unknown;
  b: unknown;
}

export interface MetricDifference {
  metric: string;
  a: number | null;
  b: number | null;
  /** b less a. */
  difference: number | null;
  /** What that means of b; null when a figure is missing. */
  direction: 'better' | 'worse' | 'same' | null;
}

export interface VersionDiff {
  model: string;
  a: number;
  b: number;
  definition: Difference[];
  hyperparameters: Difference[];
  dataset: Difference[];
  code: Difference[];
  libraries: Difference[];
  /** Figures of other held-out rows say less about the versions. */
  isSameDataset: boolean;
  isSameModel: boolean;
  metrics: MetricDifference[];
  cost: Difference[];
}

const isBranch = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Every leaf of a document by its path; a list is a leaf. */
function leavesOf(value: unknown, path: string, leaves = new Map<string, unknown>()): Map<string, unknown> {
  if (!isBranch(value)) return leaves.set(path, value);
  for (const [name, member] of Object.entries(value)) {
    if (member !== undefined) leavesOf(member, path === '' ? name : `${path}.${name}`, leaves);
  }
  return leaves;
}

/** What two documents say differently, field by field, in the order in which they say it. */
export function differencesBetween(a: object, b: object): Difference[] {
  const [ofA, ofB] = [leavesOf(a, ''), leavesOf(b, '')];
  return [...new Set([...ofA.keys(), ...ofB.keys()])]
    .map((field) => ({ field, a: ofA.get(field) ?? null, b: ofB.get(field) ?? null }))
    .filter((each) => canonicalJson(each.a) !== canonicalJson(each.b));
}

function definitionDifferences(a: ModelDefinition, b: ModelDefinition): Difference[] {
  const found = differencesBetween(a, b);
  const [orderA, orderB] = [Object.keys(a.features), Object.keys(b.features)];
  // The order is that of the tensors' columns: it makes another model though every field is the same.
  const isReordered = found.length === 0 && canonicalJson(orderA) !== canonicalJson(orderB);
  return isReordered ? [{ field: 'features (their order)', a: orderA, b: orderB }] : found;
}

function metricDifferences(a: ModelCard, b: ModelCard): MetricDifference[] {
  const [ofA, ofB] = [a.evaluation.metrics, b.evaluation.metrics];
  return [...new Set([...Object.keys(ofA), ...Object.keys(ofB)])].map((metric) => {
    const [before, after] = [ofA[metric] ?? null, ofB[metric] ?? null];
    if (before === null || after === null) {
      return { metric, a: before, b: after, difference: null, direction: null };
    }
    const difference = after - before;
    const gain = isErrorMetric(metric) ? -difference : difference;
    const direction = gain === 0 ? 'same' : gain > 0 ? 'better' : 'worse';
    return { metric, a: before, b: after, difference, direction };
  });
}

const datasetOf = ({ data: { datasetId, trainRows, heldOutRows } }: ModelCard) => ({
  datasetId,
  trainRows,
  heldOutRows,
});
const codeOf = ({ digests, training }: ModelCard) => ({ digest: digests.code, program: training.program });
const trainingOf = ({ training: { algorithm, seed, hyperparameters } }: ModelCard) => ({
  algorithm,
  seed,
  ...hyperparameters,
});

/** What differs between two versions of a model. */
export function diffVersions(a: Described, b: Described): VersionDiff {
  const dataset = differencesBetween(datasetOf(a.card), datasetOf(b.card));
  return {
    model: a.card.model,
    a: a.card.version,
    b: b.card.version,
    definition: definitionDifferences(a.definition, b.definition),
    hyperparameters: differencesBetween(trainingOf(a.card), trainingOf(b.card)),
    dataset,
    code: differencesBetween(codeOf(a.card), codeOf(b.card)),
    libraries: differencesBetween(a.card.training.libraries, b.card.training.libraries),
    isSameDataset: dataset.length === 0,
    isSameModel: a.card.digests.model === b.card.digests.model,
    metrics: metricDifferences(a.card, b.card),
    cost: differencesBetween(a.card.cost, b.card.cost),
  };
}
