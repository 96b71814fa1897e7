import type { ColumnProfile } from '../data/dataset.ts';
import { type Bin, binsOf } from '../data/profile-bins.ts';
import { populationStability } from '../statistics/psi.ts';

export type DriftVerdict = 'drifted' | 'stable' | 'not enough data';

export interface FeatureDrift {
  name: string;
  verdict: DriftVerdict;
  reason: string;
  /** Null when there is not enough data to say. */
  psi: number | null;
  /** What the index must pass besides the limit, because chance alone reaches it. */
  chance: number | null;
  bins: Bin[];
}

export interface Drift {
  verdict: DriftVerdict;
  reason: string;
  features: FeatureDrift[];
}

export interface DriftQuestion {
  frozen: Record<string, ColumnProfile>;
  /** Live rows on the bins of `frozen`. */
  live: Record<string, ColumnProfile>;
  /** Live rows. */
  sample: number;
  limits: { psi: number; leastSample: number };
}

const two = (value: number) => value.toFixed(3);

function judgeFeature(name: string, bins: Bin[], { sample, limits }: DriftQuestion): FeatureDrift {
  if (sample < limits.leastSample) {
    const reason = `${sample} live rows; ${limits.leastSample} are needed`;
    return { name, verdict: 'not enough data', reason, psi: null, chance: null, bins };
  }
  if (bins.every((bin) => bin.frozen === 0)) {
    const reason = 'the dataset has no value of this feature to compare with';
    return { name, verdict: 'not enough data', reason, psi: null, chance: null, bins };
  }
  const { psi, chance } = populationStability(
    bins.map((bin) => bin.frozen),
    bins.map((bin) => bin.live),
  );
  const found = { name, psi, chance, bins };
  if (psi < limits.psi) {
    return { ...found, verdict: 'stable', reason: `PSI ${two(psi)} is below the limit of ${limits.psi}` };
  }
  if (psi <= chance) {
    const reason = `PSI ${two(psi)} passes the limit of ${limits.psi}, but with so few rows chance alone reaches ${two(chance)}`;
    return { ...found, verdict: 'stable', reason };
  }
  return {
    ...found,
    verdict: 'drifted',
    reason: `PSI ${two(psi)} passes the limit of ${limits.psi}; chance alone reaches ${two(chance)}`,
  };
}

/**
 * Whether live rows are distributed otherwise than the rows the model was trained on, by feature.
 *
 * A feature has drifted when its index passes the limit and what chance alone could reach with these sample sizes.
 */
export function judgeDrift(question: DriftQuestion): Drift {
  const features = Object.entries(question.frozen).map(([name, frozen]) =>
    judgeFeature(name, binsOf(frozen, question.live[name]), question),
  );
  const { sample, limits } = question;
  if (sample < limits.leastSample) {
    const reason = `${sample} live rows in the window; ${limits.leastSample} are needed`;
    return { verdict: 'not enough data', reason, features };
  }
  const drifted = features.filter((feature) => feature.verdict === 'drifted').map((feature) => feature.name);
  if (drifted.length > 0) {
    return {
      verdict: 'drifted',
      reason: `${drifted.join(', ')} changed since training (${sample} live rows)`,
      features,
    };
  }
  if (features.every(({ psi }) => psi === null)) {
    return { verdict: 'not enough data', reason: 'no feature can be compared with the dataset', features };
  }
  return { verdict: 'stable', reason: `no feature passes the limits (${sample} live rows)`, features };
}
