import type { CreateProcessingJobRequest } from '@aws-sdk/client-sagemaker';
import type { ModelDefinition } from '../../model/definition.ts';
import { formatOf, type RecognisedFormat } from '../../model/source-format.ts';
import { digestOf } from '../../shared/digest.ts';
import { readDocument, writeDocument } from '../../shared/objects.ts';
import { isRetrain, withoutCheckedColumns } from '../checks/kept-columns.ts';
import { type Column, columnsOf } from '../columns.ts';
import type { Unreadable } from '../csv-scanner.ts';
import { readManifest, writeDataset, writeReport } from '../dataset.store.ts';
import {
  type DatasetProfile,
  datasetIdOf,
  datasetKey,
  type ValidationOutcome,
  type ValidationRequest,
} from '../dataset.ts';
import { aboutDataset, describeFiles } from '../dataset-documents.ts';
import type { Examination } from '../examination.ts';
import { noteCopy } from '../note-copy.store.ts';
import { readJoined } from '../parts/joined.store.ts';
import type { JoinOutcome } from '../parts/parts.ts';
import { comparableProfile, hashedFeatures } from '../privacy/comparable-profile.ts';
import { refusedName } from '../refused-name.ts';
import { makeReport } from '../report/make-report.ts';
import { readRunDefinition } from '../run-definition.store.ts';
import { type Download, lookAtSource, readHead } from '../source.store.ts';
import { stageLimits } from '../stage-file.ts';
import { unreadableFile } from '../unreadable-file.ts';
import type { ValidationTools } from '../validate-dataset.ts';
import { outcomeOf, outcomeOfManifest } from '../validation-outcome.ts';
import { csvLayout } from './csv-layout.ts';
import { examinationOf } from './examination-of.ts';
import { goldenOf } from './golden-of.ts';
import { readCategories } from './letter-categories.duckdb.ts';
import { sparkFacts } from './spark-facts.ts';
import { examinationPrefix, machinesFor, type SparkSite, sparkJob } from './spark-job.ts';
import { type SparkSource, sparkPlan } from './spark-plan.ts';
import { unpackHead } from './unpack-head.ts';

/** An upload that is too large for a function: the job that examines it. */
export interface ExaminationNeeded {
  verdict: 'examine';
  job: CreateProcessingJobRequest;
  jobTimeoutSeconds: number;
  /** When the examination began, which comes back with the job's name. */
  startedAt: string;
}

export interface LargeUploadTools
  extends Pick<ValidationTools, 's3' | 'bucket' | 'maxSourceBytes' | 'readEarlier' | 'now'> {
  spark: SparkSite;
}

/** Minutes that a machine may take to come and go. */
const graceSeconds = 3600;

/**
 * Makes a dataset of a large upload, or says why not, in two steps between which a job of Spark counts.
 *
 * @returns Null of an upload that is not large.
 * @throws EvergreenError `upload-missing`, `artifact-missing` (the definition, or what the job counted),
 *   `artifact-damaged`, `service-unavailable`.
 */
export async function validateLargeUpload(
  request: ValidationRequest,
  tools: LargeUploadTools,
): Promise<ValidationOutcome | ExaminationNeeded | null> {
  const startedAt = request.examination ? new Date(request.examination.startedAt) : tools.now();
  const { bytes, isLatest } = await lookAtSource(tools.s3, request.source);
  if (bytes <= tools.maxSourceBytes) return null;
  const { definition: deployed, code } = await readRunDefinition(request, tools);
  const definition = isRetrain(request.source.key) ? withoutCheckedColumns(deployed) : deployed;
  const columns = columnsOf(definition);
  const joined = await readJoined(request, tools);
  const large = { request, tools, definition, columns, codeDigest: code.digest, joined, startedAt };
  if (!isLatest) {
    return reject(
      large,
      bytes,
      'a newer file took its place before this one was read; the newer one has its own run',
    );
  }
  return request.examination ? concludeExamination(large) : planExamination(large, bytes);
}

interface LargeUpload {
  request: ValidationRequest;
  tools: LargeUploadTools;
  definition: ModelDefinition;
  columns: readonly Column[];
  codeDigest: string;
  /** What the upload was made of when it was many files. */
  joined: JoinOutcome | null;
  startedAt: Date;
}

async function planExamination(
  large: LargeUpload,
  bytes: number,
): Promise<ValidationOutcome | ExaminationNeeded> {
  const { request, tools, definition, columns } = large;
  const { s3, bucket, spark } = tools;
  const { key } = request.source;
  const refusal = refusedName(key, definition.data.formats);
  const recognised = formatOf(key);
  if (refusal !== null || !recognised) return reject(large, bytes, refusal ?? '');
  if (bytes > spark.maxSourceBytes) {
    return reject(large, bytes, `the file has ${bytes} bytes; at most ${spark.maxSourceBytes} are read`);
  }
  const limits = stageLimits(spark.maxSourceBytes);
  const source = await sourceOf(large, recognised, limits.maxLineBytes);
  if ('message' in source) return reject(large, bytes, source.message, source.line);
  const earlier = await readComparable(large);
  const folder = examinationPrefix(request.model, request.runId);
  const [name = '', ...above] = key.split('/').reverse();
  await Promise.all([
    writeDocument(
      s3,
      { bucket, key: `${folder}plan.json` },
      sparkPlan(columns, source, {
        definition,
        limits,
        earlier,
        hashKeyArn: spark.hashKeyArn,
        categories: await readCategories(definition),
      }),
    ),
    writeDocument(s3, { bucket, key: `${folder}upload.manifest` }, [
      { prefix: `s3://${request.source.bucket}/${above.reverse().join('/')}/` },
      name,
    ]),
  ]);
  return {
    verdict: 'examine',
    job: sparkJob(spark, request, machinesFor(bytes, recognised, spark)),
    jobTimeoutSeconds: spark.maxHours * 3600 + graceSeconds,
    startedAt: large.startedAt.toISOString(),
  };
}

/** What the file says of itself: of CSV how its columns are laid out, by its header. */
async function sourceOf(
  { request, tools, columns }: LargeUpload,
  { format, isGzip }: RecognisedFormat,
  maxLineBytes: number,
): Promise<SparkSource | Unreadable> {
  if (format !== 'csv') return { format, isGzip };
  const head = await readHead(tools.s3, request.source, maxLineBytes);
  const plain = isGzip ? await unpackHead(head, maxLineBytes) : head;
  if ('message' in plain) return plain;
  const layout = csvLayout(plain, columns, maxLineBytes);
  return 'message' in layout ? layout : { format, isGzip, ...layout };
}

/** The champion's profile, as far as this definition's values can be held against it. */
async function readComparable({ request, tools, definition }: LargeUpload): Promise<DatasetProfile | null> {
  const earlier = await tools.readEarlier(request.model);
  return earlier && comparableProfile(earlier, hashedFeatures(definition));
}

async function concludeExamination(large: LargeUpload): Promise<ValidationOutcome> {
  const { request, tools, definition, columns, codeDigest, joined } = large;
  const { s3, bucket } = tools;
  const folder = examinationPrefix(request.model, request.runId);
  const facts = await readDocument(s3, { bucket, key: `${folder}counted/facts.json` }, sparkFacts);
  const datasetId = datasetIdOf(facts.source.sha256, request.definitionDigest);
  const place = { bucket, model: request.model, datasetId };
  const existing = await readManifest(s3, place);
  if (existing) {
    await noteCopy(s3, place, existing, request.source, joined);
    return outcomeOfManifest(existing);
  }
  const found = examinationOf(facts, columns, {
    definition,
    limits: stageLimits(facts.source.bytes),
    earlier: await readComparable(large),
    now: large.startedAt,
  });
  const { report, files } = reportOf(large, found, datasetId, facts.source);
  if (report.verdict === 'rejected' || facts.unreadable || !facts.files || !facts.golden) {
    await writeReport(s3, place, files);
    return outcomeOf(report, null);
  }
  const lying = (side: 'train' | 'test', file: { sha256: string; bytes: number }) => ({
    lies: `${folder}counted/${side}.parquet`,
    ...file,
  });
  await writeDataset(
    s3,
    place,
    files,
    {
      train: lying('train', facts.files.train),
      test: lying('test', facts.files.test),
      ...describeFiles(goldenOf(facts.golden, columns), columns, report, found),
    },
    aboutDataset(request, report, codeDigest, joined),
  );
  return outcomeOf(report, datasetKey(request.model, datasetId, 'manifest.json'));
}

/** The report of a file that is refused unread. */
async function reject(
  large: LargeUpload,
  bytes: number,
  message: string,
  line = 0,
): Promise<ValidationOutcome> {
  const { request, tools, columns } = large;
  const datasetId = datasetIdOf(digestOf(request.source), request.definitionDigest);
  const found = unreadableFile({ line, message }, columns);
  const { report, files } = reportOf(large, found, datasetId, { bytes, sha256: null });
  await writeReport(tools.s3, { bucket: tools.bucket, model: request.model, datasetId }, files);
  return outcomeOf(report, null);
}

function reportOf(
  { request, tools, definition, joined, startedAt }: LargeUpload,
  found: Examination,
  datasetId: string,
  download: Download,
) {
  return makeReport(found, {
    definition,
    runId: request.runId,
    datasetId,
    source: request.source,
    download,
    ...(joined?.outcome === 'joined' ? { parts: joined.parts } : {}),
    startedAt,
    endedAt: tools.now(),
  });
}
