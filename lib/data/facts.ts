import type { CheckedRows, Copies } from './check.duckdb.ts';
import type { LabelFlips } from './checks/label-flips.ts';
import type { Relations } from './checks/relations.duckdb.ts';
import type { Fill } from './cleaning/fills.ts';
import type { OutlierLimit, OutlyingRow } from './cleaning/outliers.duckdb.ts';
import type { DatasetReport } from './dataset.ts';
import type { PersonalColumn } from './privacy/personal-kinds.ts';
import type { Measurement } from './profile-counts.ts';
import type { StagedFile } from './stage-file.ts';

/** What was counted in a file by DuckDB or by Spark: all that a verdict and a report are made of. */
export interface Facts {
  /** Columns of the file that nobody reads. */
  ignored: string[];
  checked: CheckedRows;
  /** Rows that could not be cut into cells. */
  broken: StagedFile['broken'];
  missingMap: DatasetReport['missingMap'];
  personalData: PersonalColumn[];
  copies: Copies;
  contradictions: Relations;
  anonymity: DatasetReport['anonymity'];
  outlierLimits: OutlierLimit[];
  sources: { source: string; rows: number; outlying: number }[];
  /** Rows put aside for an outlier. */
  aside: { count: number; first: OutlyingRow[] };
  /** Rows of the dataset, on each side. */
  sides: { train: number; test: number };
  classes: { all: Record<string, number>; inTrain: number } | null;
  /** Of the train rows; what follows is empty when there are none. */
  measured: Measurement;
  /**
   * All rows that could be read, over the bins or categories of the profiles, by column; of columns of which it may be
   * told (`columnsShownBefore`).
   */
  countsBefore: ReadonlyMap<string, readonly number[]>;
  fills: Fill[];
  labelFlips: LabelFlips | null;
  /** Rows that repeat others in columns that no two may share, set by set. */
  repeated: number[];
  greatestNearGroup: number | null;
  newest: number | null;
}
