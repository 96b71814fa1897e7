export type CheckName = 'error limit' | 'latency limit' | 'errors' | 'latency' | 'outputs' | 'quality';

/** One test of a candidate, with its numbers. */
export interface Check {
  name: CheckName;
  verdict: 'worse' | 'not worse' | 'not enough data';
  reason: string;
  /** Chance of such figures when the candidate is no worse; null without a test. */
  pValue: number | null;
  /** How many of each side were compared. */
  candidateSample: number;
  championSample: number;
  /** The smallest worsening that these samples show with a chance of 99 %; null where it is no share. */
  detectable: number | null;
}

export function tooFew(
  name: CheckName,
  candidateSample: number,
  championSample: number,
  least: number,
): Check {
  const reason = `${candidateSample} of the candidate and ${championSample} of the champion; ${least} of each are needed`;
  const nothing = { pValue: null, candidateSample, championSample, detectable: null };
  return { name, verdict: 'not enough data', reason, ...nothing };
}
