import type { Row } from '../data/dataset.ts';
import type { ModelDefinition } from '../model/definition.ts';
import { bootstrapIntervals } from './bootstrap.ts';
import type { Counts } from './classification-metrics.ts';
import type { GroupEvaluation } from './evaluation.ts';
import { type Part, partRows } from './parts.ts';
import type { Sample } from './sample.ts';

interface Rates {
  /** Share of favourable answers. */
  selectionRate: number;
  /** The same among those who truly are favourable. */
  truePositiveRate: number;
}

function ratesOf(
  { truth, predicted }: Sample,
  { positions }: Part,
  favourable: number,
  counts?: Counts,
): Rates {
  let [rows, chosen, deserving, deservingChosen] = [0, 0, 0, 0];
  for (const position of positions) {
    const count = counts ? (counts[position] ?? 0) : 1;
    const isChosen = predicted[position] === favourable;
    rows += count;
    if (isChosen) chosen += count;
    if (truth[position] !== favourable) continue;
    deserving += count;
    if (isChosen) deservingChosen += count;
  }
  return { selectionRate: chosen / rows, truePositiveRate: deservingChosen / deserving };
}

const gap = (values: number[]) => Math.max(...values) - Math.min(...values);
const finite = (value: number | undefined) => (value !== undefined && Number.isFinite(value) ? value : null);

/**
 * Gaps between groups, the greatest between any two: of the shares of favourable answers (demographic parity), and of
 * these shares among those who truly are favourable (equal opportunity). Groups with too few rows, or too few truly
 * favourable ones, are named and left out of the gap that needs them.
 *
 * Source: Hardt, Price, Srebro, "Equality of Opportunity in Supervised Learning", 2016; as Fairlearn's
 * demographic_parity_difference and equal_opportunity_difference between groups.
 */
export function evaluateGroups(
  rows: readonly Row[],
  sample: Sample,
  { gate, train }: Pick<ModelDefinition, 'gate' | 'train'>,
): GroupEvaluation[] {
  if (sample.kind === 'regression') return [];
  return gate.groups.map((rule) => {
    const favourable = sample.classes.indexOf(rule.favourable);
    const parts = partRows(rows, rule);
    const deserving = ({ positions }: Part) =>
      positions.filter((position) => sample.truth[position] === favourable).length;
    const selected = parts.filter(({ positions }) => positions.length >= rule.leastRows);
    const deserved = selected.filter((part) => deserving(part) >= rule.leastRows);
    const gaps = (counts?: Counts) => ({
      demographic_parity: gap(
        selected.map((part) => ratesOf(sample, part, favourable, counts).selectionRate),
      ),
      equal_opportunity: gap(
        deserved.map((part) => ratesOf(sample, part, favourable, counts).truePositiveRate),
      ),
    });
    const measured = gaps();
    const intervals = bootstrapIntervals(rows.length, train.seed, gaps, 2);
    const described = (name: keyof typeof measured, groups: Part[]) => ({
      value: groups.length < 2 ? null : finite(measured[name]),
      interval: groups.length < 2 ? null : (intervals[name] ?? null),
      groups: groups.map((part) => part.name),
    });
    return {
      feature: rule.feature,
      favourable: rule.favourable,
      groups: parts.map((part) => {
        const { selectionRate, truePositiveRate } = ratesOf(sample, part, favourable);
        return {
          name: part.name,
          rows: part.positions.length,
          favourableRows: deserving(part),
          selectionRate: finite(selectionRate),
          truePositiveRate: finite(truePositiveRate),
        };
      }),
      gaps: {
        demographic_parity: described('demographic_parity', selected),
        equal_opportunity: described('equal_opportunity', deserved),
      },
    };
  });
}
