import type { ColumnProfile, DatasetProfile } from '../dataset.ts';
import type { CheckResult } from './check-result.ts';
import type { JointCounts } from './joint-counts.ts';
import type { LabelFlips } from './label-flips.ts';

/** What was measured of the accepted rows as a whole. */
export interface WholeFindings {
  rows: { read: number; accepted: number; duplicates: number };
  profiles: Readonly<Record<string, ColumnProfile>>;
  joint: readonly JointCounts[];
  correlations: ReadonlyMap<string, { correlation: number; pairs: number }>;
  onOtherBins: ReadonlyMap<string, readonly number[]>;
  classes: Readonly<Record<string, number>> | null;
  sharedIdentity: number | null;
  conflictingLabels: number | null;
  /** Of each set of columns that must be unique. */
  repeated: readonly number[];
  greatestNearGroup: number | null;
  /** Seconds since 1970. */
  newest: number | null;
  sources: readonly { source: string; rows: number; outlying: number }[];
  labelFlips: LabelFlips | null;
  /** The dataset of the champion; null when there is none. */
  earlier: DatasetProfile | null;
  now: Date;
}

/** What a check found, without its name and what it leads to. */
export type Found = Pick<CheckResult, 'status' | 'count' | 'value' | 'limit' | 'message'>;

export const percent = (share: number) => `${Number((share * 100).toPrecision(3))}%`;
export const rowsOf = (count: number) => (count === 1 ? '1 row' : `${count} rows`);
export const statusOf = (isPassed: boolean) => (isPassed ? 'passed' : 'failed');
