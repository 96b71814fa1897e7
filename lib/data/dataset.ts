import * as z from 'zod';
import { digest, sha256 } from '../shared/digest.ts';
import { checkResult, familyScore } from './checks/check-result.ts';
import { columnBeforeAndAfter } from './cleaning/distribution.ts';
import { anonymityReport } from './privacy/anonymity.ts';
import { personalColumn } from './privacy/personal-kinds.ts';

/*
 * What validation leaves below datasets/<model>/<datasetId>/ in the data bucket:
 *
 *   report.json, report.html   always, the verdict and why
 *   quarantine.jsonl           rows that were kept out, with line and reason; the first 10,000 of them
 *   train.parquet, test.parquet, golden.json, profile.json   accepted datasets only
 *   manifest.json              accepted datasets only, written last: without it there is no dataset
 */

const count = z.int().min(0);

/** A cell as it is written to JSON documents; missing is null. */
export const cell = z.union([z.string(), z.number(), z.boolean(), z.null()]);
export const row = z.record(z.string(), cell);
export type Cell = z.infer<typeof cell>;
export type Row = z.infer<typeof row>;

export const sourceObject = z.object({
  bucket: z.string(),
  key: z.string(),
  versionId: z.string(),
});
export type SourceObject = z.infer<typeof sourceObject>;

export const rowCounts = z.object({
  read: count,
  /** Rows of the dataset: train and test together. Duplicates that were dropped are in neither. */
  accepted: count,
  quarantined: count,
  /** Exact copies of an earlier row; dropped or kept as the definition says. */
  duplicates: count,
  train: count,
  test: count,
});

/** One broken cell or row. `line` counts from 1, the header of a CSV file being line 1; for Parquet it is the row number. */
export const problem = z.object({
  line: count,
  /** Of an upload of many files: the one that the line is in. */
  file: z.string().optional(),
  column: z.string().nullable(),
  rule: z.enum([
    'type',
    'missing',
    'range',
    'category',
    'length',
    'pattern',
    'rule',
    'outlier',
    'shape',
    'target',
  ]),
  value: z.string().nullable(),
  message: z.string(),
});
export type Problem = z.infer<typeof problem>;

/** Rows that quarantine.jsonl holds at most; the report counts all. */
export const keptQuarantine = 10_000;

/** One line of quarantine.jsonl. Values are as they stood, personal ones masked; null when the row has no cells. */
export const quarantinedRow = z.object({
  line: count,
  file: z.string().optional(),
  problems: z.array(problem),
  values: z.record(z.string(), z.string().nullable()).nullable(),
});
export type QuarantinedRow = z.infer<typeof quarantinedRow>;

/** One step of cleaning, with what it touched. The upload stays as it was: any step can be undone by leaving it out. */
export const cleaningStep = z.object({
  step: z.enum([
    'exact-duplicates',
    'key-duplicates',
    'outliers',
    'imputation',
    'normalisation',
    'pseudonymisation',
    'suppression',
  ]),
  column: z.string().nullable(),
  /** Where it happens: here once, or in the model for every row that is trained on or served. */
  place: z.enum(['dataset', 'model', 'none']),
  /** Rows or cells it touched. */
  count,
  message: z.string(),
});
export type CleaningStep = z.infer<typeof cleaningStep>;

export const datasetReport = z.object({
  schema: z.literal('evergreen/data-report/v1'),
  model: z.string(),
  runId: z.string(),
  datasetId: z.string(),
  verdict: z.enum(['accepted', 'rejected']),
  /** Why it was rejected, or empty. */
  reasons: z.array(z.string()),
  /** What failed without rejecting the file. */
  warnings: z.array(z.string()).default([]),
  source: sourceObject.extend({
    format: z.enum(['csv', 'parquet', 'jsonl', 'unknown']),
    bytes: count,
    /** Null when the file was over the size limit and so not read. */
    sha256: digest.nullable(),
  }),
  rows: rowCounts,
  problemsByRule: z.record(z.string(), count),
  /** The first problems in file order, at most 100. */
  problems: z.array(problem),
  columns: z.array(z.object({ name: z.string(), type: z.string(), missing: count, problems: count })),
  /** Every check that was asked for and what it found. */
  checks: z.array(checkResult).default([]),
  /** The four scores of the file, each with its formula. */
  families: z.array(familyScore).default([]),
  cleaning: z.array(cleaningStep).default([]),
  /** Each column before and after cleaning; before is all rows that could be read, after the training rows. */
  beforeAndAfter: z.array(columnBeforeAndAfter).default([]),
  /** Shares of missing cells, by column and by part of the file from its first row to its last. */
  missingMap: z
    .object({ parts: count, shares: z.record(z.string(), z.array(z.number())) })
    .nullable()
    .default(null),
  /** Rows with the most problems, personal values masked. */
  worstRows: z.array(quarantinedRow).default([]),
  /** The dataset that this one was compared with: the champion's. */
  comparedWith: z.string().nullable().default(null),
  /** Columns with personal data in them, declared or not. */
  personalData: z.array(personalColumn).default([]),
  /** How many rows share the values that may tell who a row is about; null when the definition names none. */
  anonymity: anonymityReport.nullable().default(null),
  /** Columns of the file that the model does not read, at most 100. */
  ignoredColumns: z.array(z.string()).default([]),
  /** Classes of a categorical target with their counts in the accepted rows. */
  classes: z.record(z.string(), count).nullable(),
  createdAt: z.iso.datetime(),
  durationMs: z.number(),
});
export type DatasetReport = z.infer<typeof datasetReport>;

const numericProfile = z.object({
  type: z.literal('numeric'),
  count,
  missing: count,
  mean: z.number().nullable(),
  standardDeviation: z.number().nullable(),
  min: z.number().nullable(),
  max: z.number().nullable(),
  /** Inner edges, ascending, of edges.length + 1 bins; bin i holds edges[i-1] < x <= edges[i]. */
  edges: z.array(z.number()),
  counts: z.array(count),
});

const categoricalProfile = z.object({
  type: z.literal('categorical'),
  count,
  missing: count,
  /** At most 100 values; the rest is counted in `other`. */
  counts: z.record(z.string(), count),
  other: count,
});

const textProfile = z.object({
  type: z.literal('text'),
  count,
  missing: count,
  /** Of the length in characters. */
  edges: z.array(z.number()),
  counts: z.array(count),
});

export const columnProfile = z.discriminatedUnion('type', [numericProfile, categoricalProfile, textProfile]);
export type ColumnProfile = z.infer<typeof columnProfile>;

/** The frozen distribution of the training rows: what live traffic is compared with. `count` does not count missing. */
export const datasetProfile = z.object({
  schema: z.literal('evergreen/profile/v1'),
  model: z.string(),
  datasetId: z.string(),
  rows: count,
  features: z.record(z.string(), columnProfile),
  target: columnProfile,
  /** The name of the key that each hashed feature was hashed with. */
  hashed: z.record(z.string(), z.string()).optional(),
  /** Labels that contradict the rows most like theirs; a later dataset is held against it. */
  labelFlips: z.object({ sampled: count, judged: count, disagreeing: count }).nullable().optional(),
});
export type DatasetProfile = z.infer<typeof datasetProfile>;

/** A few held-out rows that each version must answer as its trainer did. */
export const goldenRows = z.object({
  schema: z.literal('evergreen/golden-rows/v1'),
  rows: z.array(row).min(1),
});
export type GoldenRows = z.infer<typeof goldenRows>;

const datasetFile = z.object({ key: z.string(), sha256: digest, bytes: count });

export const datasetManifest = z.object({
  schema: z.literal('evergreen/dataset/v1'),
  model: z.string(),
  datasetId: z.string(),
  definitionDigest: digest,
  source: sourceObject.extend({ format: z.enum(['csv', 'parquet', 'jsonl']), bytes: count, sha256: digest }),
  rows: rowCounts,
  files: z.object({
    train: datasetFile,
    test: datasetFile,
    golden: datasetFile,
    profile: datasetFile,
    report: datasetFile,
    quarantine: datasetFile.nullable(),
  }),
  /** Datasets that this one was made from, and why; of an upload there are none. */
  parents: z.array(z.object({ datasetId: z.string(), because: z.enum(['erasure', 'retrain']) })).optional(),
  /** Of a dataset that came from another deployment: which one, and where its upload lay there. */
  importedFrom: z
    .object({
      stack: z.string(),
      account: z.string(),
      region: z.string(),
      exportedAt: z.iso.datetime(),
      source: sourceObject,
    })
    .optional(),
  /** Of an upload of many files: its manifest, then the files, as they lie below incoming/; `source` is what they became. */
  gatheredFrom: z.array(z.object({ key: z.string(), versionId: z.string() })).optional(),
  /** Of the training code that was deployed with the definition. */
  codeDigest: digest.optional(),
  createdAt: z.iso.datetime(),
});
export type DatasetManifest = z.infer<typeof datasetManifest>;

/** The same content under the same definition is the same dataset. */
export function datasetIdOf(sourceSha256: string, definitionDigest: string): string {
  return `ds-${sha256(`${sourceSha256}:${definitionDigest}`).slice(0, 16)}`;
}

export function datasetKey(model: string, datasetId: string, file: string): string {
  return `datasets/${model}/${datasetId}/${file}`;
}

/** Which runs of validation answer what; both are expected outcomes. */
export const validationOutcome = z.object({
  verdict: z.enum(['accepted', 'rejected']),
  datasetId: z.string(),
  reportKey: z.string(),
  manifestKey: z.string().nullable(),
  reasons: z.array(z.string()),
  rows: rowCounts,
});
export type ValidationOutcome = z.infer<typeof validationOutcome>;

/** What the Validate state hands to its function. */
export const validationRequest = z.object({
  runId: z.string(),
  model: z.string(),
  definitionDigest: digest,
  source: sourceObject,
  parents: datasetManifest.shape.parents,
  /** The job that examined the upload, when it is too large for a function. */
  examination: z.object({ jobName: z.string(), startedAt: z.iso.datetime() }).nullish(),
  /** What became of the files when the upload was many. */
  joinedKey: z.string().nullish(),
});
export type ValidationRequest = z.infer<typeof validationRequest>;
