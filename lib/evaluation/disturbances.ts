import type { Cell, Row } from '../data/dataset.ts';
import type { ModelDefinition } from '../model/definition.ts';
import { seededRandom } from '../shared/random.ts';

/** Rows as they may arrive when something goes wrong before the model. */
export interface Disturbance {
  kind: 'noise' | 'missing' | 'units';
  /** The one feature that is disturbed; null for all. */
  feature: string | null;
  /** Share of the standard deviation, share of values taken away, or what the number is multiplied with. */
  amount: number;
  rows: Row[];
}

const unitFactors = [10, 1000];

/** A standard normal draw; Box, Muller 1958. */
function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

function standardDeviation(values: readonly number[]): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
}

function withNoise(rows: readonly Row[], names: Map<string, boolean>, amount: number, seed: number): Row[] {
  const random = seededRandom(seed);
  const spreads = new Map(
    Array.from(names.keys(), (name) => {
      const values = rows.map((row) => row[name]).filter((value) => typeof value === 'number');
      return [name, standardDeviation(values)];
    }),
  );
  return rows.map((row) => {
    const noisy = { ...row };
    for (const [name, isWhole] of names) {
      const value = row[name];
      if (typeof value !== 'number') continue;
      const moved = value + normal(random) * amount * (spreads.get(name) ?? 0);
      noisy[name] = isWhole ? Math.round(moved) : moved;
    }
    return noisy;
  });
}

function withHoles(rows: readonly Row[], names: readonly string[], amount: number, seed: number): Row[] {
  const random = seededRandom(seed);
  return rows.map((row) => {
    const taken = names.filter(() => random() < amount).map((name): [string, Cell] => [name, null]);
    return { ...row, ...Object.fromEntries(taken) };
  });
}

/**
 * Disturbs rows in each way that the definition makes possible: noise on all numbers, values taken away from features
 * that may be missing, and one number after the other in another unit.
 */
export function* disturb(
  rows: readonly Row[],
  { features, gate, train }: Pick<ModelDefinition, 'features' | 'gate' | 'train'>,
): Generator<Disturbance> {
  const all = Object.entries(features);
  const numbers = new Map(
    all.flatMap(([name, { type }]) =>
      type === 'number' || type === 'integer' ? [[name, type === 'integer'] as const] : [],
    ),
  );
  const optional = all.flatMap(([name, { mayBeMissing }]) => (mayBeMissing ? [name] : []));
  const { noise, missing } = gate.robustness;
  if (numbers.size > 0) {
    yield { kind: 'noise', feature: null, amount: noise, rows: withNoise(rows, numbers, noise, train.seed) };
  }
  if (optional.length > 0) {
    const holed = withHoles(rows, optional, missing, train.seed);
    yield { kind: 'missing', feature: null, amount: missing, rows: holed };
  }
  for (const name of numbers.keys()) {
    for (const factor of unitFactors) {
      const scaled = rows.map((row) => {
        const value = row[name];
        return typeof value === 'number' ? { ...row, [name]: value * factor } : row;
      });
      yield { kind: 'units', feature: name, amount: factor, rows: scaled };
    }
  }
}

/** Share of rows that serving would refuse, since a number lies outside its declared range. */
export function refusedShare(rows: readonly Row[], features: ModelDefinition['features']): number {
  const ranges = Object.entries(features).flatMap(([name, feature]) =>
    'min' in feature || 'max' in feature ? [{ name, min: feature.min, max: feature.max }] : [],
  );
  const refused = rows.filter((row) =>
    ranges.some(({ name, min, max }) => {
      const value = row[name];
      return typeof value === 'number' && (value < (min ?? value) || value > (max ?? value));
    }),
  );
  return refused.length / rows.length;
}
