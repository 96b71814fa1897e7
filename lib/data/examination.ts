import type { ModelDefinition } from '../model/definition.ts';
import type { LabelFlips } from './checks/label-flips.ts';
import type { ColumnProfile, DatasetProfile, DatasetReport, QuarantinedRow } from './dataset.ts';
import type { StageLimits } from './stage-file.ts';

/** What was found in a file. Its accepted rows stand in the table `placed` of the workspace. */
export interface Examination
  extends Pick<
    DatasetReport,
    | 'rows'
    | 'problemsByRule'
    | 'problems'
    | 'columns'
    | 'ignoredColumns'
    | 'classes'
    | 'warnings'
    | 'checks'
    | 'families'
    | 'cleaning'
    | 'beforeAndAfter'
    | 'missingMap'
    | 'worstRows'
    | 'comparedWith'
    | 'personalData'
    | 'anonymity'
  > {
  /** Why the file is rejected; empty when it is accepted. */
  reasons: string[];
  quarantine: QuarantinedRow[];
  /** Of the training rows, by column; empty when there are none. */
  profiles: Record<string, ColumnProfile>;
  labelFlips: LabelFlips | null;
}

/** What a file is held against, and who is told how far it is. */
export interface ExaminationSetting {
  definition: ModelDefinition;
  limits: StageLimits;
  /** The dataset of the champion, or null. */
  earlier: DatasetProfile | null;
  now: Date;
  /** What personal texts are hashed with. A gate always has one: where nothing is hashed it may be any. */
  hashKey: Uint8Array;
  onProgress?: (step: ExaminationStep) => void;
}

/** How far an examination is; of reading, the share of the file's bytes. */
export interface ExaminationStep {
  step: 'reading' | 'checking' | 'cleaning' | 'measuring';
  share: number;
}
