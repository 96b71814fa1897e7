import type { ModelDefinition } from '../model/definition.ts';

/** What is known of a file after its rows were checked. */
export interface CheckedCounts {
  read: number;
  quarantined: number;
  accepted: number;
  /** Rows of each class in the accepted rows; null for a numeric target. */
  classes: Record<string, number> | null;
  /** Classes that the training rows hold; null for a numeric target or when nothing was split. */
  trainClasses: number | null;
}

const leastRows = 2;
const leastClasses = 2;

/** Why a dataset is rejected, in sentences with the numbers and their limits; none means it is accepted. */
export function judgeDataset(counts: CheckedCounts, { data, target }: ModelDefinition): string[] {
  const { read, quarantined, accepted, classes, trainClasses } = counts;
  if (read === 0) return ['the file holds no rows'];
  const reasons: string[] = [];
  const share = quarantined / read;
  if (share > data.maxRejectedShare) {
    const [found, limit] = percentages(share, data.maxRejectedShare);
    reasons.push(
      `${quarantined} of ${rows(read)} (${found}) cannot be used; at most ${limit} may be unusable`,
    );
  }
  const needed = Math.max(data.minRows, leastRows);
  if (accepted < needed) {
    reasons.push(`${rows(accepted)} can be used; at least ${needed} are needed`);
  } else if (classes) {
    const present = Object.keys(classes).filter((name) => (classes[name] ?? 0) > 0);
    if (present.length < leastClasses) {
      reasons.push(
        `all ${rows(accepted)} have ${target.name} "${present[0]}"; at least ${leastClasses} classes are needed`,
      );
    } else if (trainClasses !== null && trainClasses < leastClasses) {
      reasons.push(
        `after the split all training rows have one class; add rows so that at least ${leastClasses} are there`,
      );
    }
  }
  return reasons;
}

function rows(count: number): string {
  return count === 1 ? '1 row' : `${count} rows`;
}

/** Two shares in percent, with as many digits as it takes to tell them apart. */
function percentages(share: number, limit: number): [string, string] {
  for (const digits of [1, 2, 3, 4]) {
    const both = [share, limit].map((value) => `${Number((value * 100).toFixed(digits))}%`);
    const [found = '', allowed = ''] = both;
    if (found !== allowed) return [found, allowed];
  }
  return [`${share * 100}%`, `${limit * 100}%`];
}
