import type { Row } from '../data/dataset.ts';
import type { ModelDefinition } from '../model/definition.ts';
import { mainMetric } from '../model/gate.ts';
import { compareVersions } from './comparison.ts';
import type { SliceEvaluation } from './evaluation.ts';
import { measuredFigures } from './figures.ts';
import { partRows } from './parts.ts';
import { pickRows, type Sample } from './sample.ts';

/** Chance, over all slices together, that one of equals is called better or worse. */
const significance = 0.05;

export interface SlicedSamples {
  rows: readonly Row[];
  candidate: Sample;
  /** Null when there is none to compare with. */
  champion: Sample | null;
  /** Places of the rows that neither version was trained on. */
  unseen: readonly number[];
}

/**
 * How the candidate answers the rows of each slice, and whether it does so worse than the champion.
 *
 * The significance level is shared by all slices (Bonferroni), so that many slices are no reason to refuse equals.
 */
export function evaluateSlices(
  { rows, candidate, champion, unseen }: SlicedSamples,
  { gate, task, train }: Pick<ModelDefinition, 'gate' | 'task' | 'train'>,
): SliceEvaluation[] {
  const parted = gate.slices.flatMap((rule) =>
    partRows(rows, rule).map(({ name, positions }) => ({ rule, name, positions })),
  );
  const judged = parted.filter(({ rule, positions }) => positions.length >= rule.leastRows).length;
  const isUnseen = new Set(unseen);
  return parted.map(({ rule, name, positions }) => {
    const { feature, leastRows, margin, metric = mainMetric(task) } = rule;
    const about = { feature, slice: name, rows: positions.length };
    if (positions.length < leastRows) {
      return { ...about, metrics: null, intervals: null, comparison: null };
    }
    const sample = pickRows(candidate, positions);
    const compared = positions.filter((position) => isUnseen.has(position));
    return {
      ...about,
      ...measuredFigures(sample, train.seed),
      comparison:
        champion &&
        compareVersions(
          pickRows(candidate, compared),
          pickRows(champion, compared),
          { metric, margin },
          {
            seed: train.seed,
            significance: significance / judged,
            leftOut: positions.length - compared.length,
          },
        ),
    };
  });
}
