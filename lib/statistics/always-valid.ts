/** What a test that may be looked at any time says of a difference of means. */
export interface AlwaysValid {
  /** How much likelier the data are under a mixture of differences than under none. */
  evidence: number;
  /** Whether a difference is proven. */
  isProven: boolean;
  /** An interval that holds the true difference at all looks together, but for the chance `error`. */
  low: number;
  high: number;
}

/**
 * The mixture sequential probability ratio test of a difference that is asymptotically normal, against any other, and the
 * confidence sequence that belongs to it. However often and whenever it is looked at, the chance to find a difference where
 * there is none is at most `error`.
 *
 * @param difference Estimate, with its standard error.
 * @param spread Standard deviation of the differences that are expected, fixed beforehand: the test is soonest there.
 *
 * Source: Johari, Koomen, Pekelis & Walsh (2022), "Always valid inference: continuous monitoring of A/B tests", Operations
 * Research 70(3), section 5; Robbins (1970), "Statistical methods related to the law of the iterated logarithm".
 */
export function alwaysValid(
  { difference, standardError }: { difference: number; standardError: number },
  spread: number,
  error: number,
): AlwaysValid {
  // Nothing varied yet, so nothing is known of how it does.
  if (!(standardError > 0) || !(spread > 0)) {
    return { evidence: 1, isProven: false, low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY };
  }
  const ratio = (spread / standardError) ** 2;
  const z = difference / standardError;
  const logEvidence = (z * z * ratio) / (2 * (1 + ratio)) - Math.log1p(ratio) / 2;
  const radius = standardError * Math.sqrt((1 + 1 / ratio) * (Math.log1p(ratio) - 2 * Math.log(error)));
  return {
    evidence: Math.exp(logEvidence),
    isProven: logEvidence >= -Math.log(error),
    low: difference - radius,
    high: difference + radius,
  };
}
