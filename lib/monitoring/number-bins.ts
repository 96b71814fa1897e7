import { countBins, decilesOf, edgesOf } from '../data/profile.ts';

/** Ten bins that hold a tenth of the values each, as inner edges; fewer where values repeat. */
export function edgesFrom(values: readonly number[]): number[] {
  return edgesOf(decilesOf(Float64Array.from(values.filter(Number.isFinite)).sort()));
}

/** How many values lie in each bin; what is no number is passed over. */
export function numberBins(values: readonly number[], edges: readonly number[]): number[] {
  return countBins(values.filter(Number.isFinite), edges);
}
