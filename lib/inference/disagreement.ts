import type { Row } from '../data/dataset.ts';
import type { ModelDefinition } from '../model/definition.ts';
import type { Prediction } from './prediction-record.ts';

/** How the answers of two versions to the same rows differ. */
export interface Disagreement {
  rows: number;
  /** Rows with another label, or with a value that is off by more than a tenth of the champion's middle half. */
  differing: number;
  /** Per class of the champion, or per third of its values: how many rows, and how many of them differ. */
  byClass: Part[];
  /** Per value of a feature, those that differ most first. */
  bySlice: Part[];
}

export interface Part {
  name: string;
  rows: number;
  differing: number;
}

export interface Answered {
  row: Row;
  champion: Prediction;
  candidate: Prediction;
}

const slicesKept = 10;
/** Below this a slice says nothing. */
const leastRows = 5;

function quantileOf(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}

function parts(names: readonly string[], differs: readonly boolean[]): Part[] {
  const found = new Map<string, Part>();
  for (const [place, name] of names.entries()) {
    const part = found.get(name) ?? { name, rows: 0, differing: 0 };
    found.set(name, { name, rows: part.rows + 1, differing: part.differing + (differs[place] ? 1 : 0) });
  }
  return [...found.values()].sort((a, b) => b.differing / b.rows - a.differing / a.rows);
}

function thirdOf(value: number, lower: number, upper: number): string {
  if (value <= lower) return `up to ${lower}`;
  return value <= upper ? `${lower} to ${upper}` : `above ${upper}`;
}

function slicesOf(
  answered: readonly Answered[],
  differs: readonly boolean[],
  features: ModelDefinition['features'],
) {
  return Object.keys(features).flatMap((name) => {
    const values = answered.map(({ row }) => row[name] ?? null);
    const numbers = values.filter((value) => typeof value === 'number');
    const [lower, upper] = [quantileOf(numbers, 1 / 3), quantileOf(numbers, 2 / 3)];
    const names = values.map((value) =>
      typeof value === 'number'
        ? `${name} ${thirdOf(value, lower, upper)}`
        : `${name} ${value === null ? 'missing' : String(value).slice(0, 40)}`,
    );
    return parts(names, differs);
  });
}

/** @returns Counts; nothing of the rows themselves but values of categories. */
export function findDisagreement(
  answered: readonly Answered[],
  { features }: Pick<ModelDefinition, 'features'>,
): Disagreement {
  const values = answered.flatMap(({ champion }) => ('value' in champion ? [champion.value] : []));
  const spread = quantileOf(values, 0.75) - quantileOf(values, 0.25);
  const differs = answered.map(({ champion, candidate }) => {
    if ('value' in champion) {
      return !('value' in candidate) || Math.abs(champion.value - candidate.value) > spread / 10;
    }
    return !('label' in candidate) || champion.label !== candidate.label;
  });
  const [lower, upper] = [quantileOf(values, 1 / 3), quantileOf(values, 2 / 3)];
  const classes = answered.map(({ champion }) =>
    'label' in champion ? champion.label : thirdOf(champion.value, lower, upper),
  );
  return {
    rows: answered.length,
    differing: differs.filter(Boolean).length,
    byClass: parts(classes, differs).slice(0, 20),
    bySlice: slicesOf(answered, differs, features)
      .filter(({ rows, differing }) => rows >= leastRows && differing > 0)
      .sort((a, b) => b.differing / b.rows - a.differing / a.rows)
      .slice(0, slicesKept),
  };
}
