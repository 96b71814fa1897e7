import type { ColumnProfile } from '../data/dataset.ts';
import { binsOf } from '../data/profile-bins.ts';
import type { Comparison } from './shift-tests.ts';

/** Two profiles of one column side by side. A feature of no value at all in live rows is missing from all of them. */
export function compareProfiles(frozen: ColumnProfile, live: ColumnProfile | undefined): Comparison {
  const bins = binsOf(frozen, live);
  const missing = bins.slice(-1).map((bin) => ({ name: 'missing' as const, bin }));
  if (frozen.type !== 'categorical') return { isOrdered: true, values: bins.slice(0, -1), gaps: missing };
  const unseen = bins.slice(-2, -1).map((bin) => ({ name: 'unseen' as const, bin }));
  return { isOrdered: false, values: bins.slice(0, -2), gaps: [...unseen, ...missing] };
}
