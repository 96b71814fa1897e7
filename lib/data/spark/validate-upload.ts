import { GetObjectCommand, HeadObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import type { CreateProcessingJobRequest } from '@aws-sdk/client-sagemaker';
import type { ModelDefinition } from '../../model/definition.ts';
import { formatOf } from '../../model/source-format.ts';
import { digestOf } from '../../shared/digest.ts';
import { readDocument, writeDocument } from '../../shared/objects.ts';
import { isRetrain, withoutCheckedColumns } from '../checks/kept-columns.ts';
import { type Column, columnsOf } from '../columns.ts';
import { readManifest, writeDataset, writeReport } from '../dataset.store.ts';
import {
  type DatasetProfile,
  datasetIdOf,
  datasetKey,
  type SourceObject,
  type ValidationOutcome,
  type ValidationRequest,
} from '../dataset.ts';
import type { Examination } from '../examination.ts';
import { chooseGoldenRows } from '../golden-rows.ts';
import { comparableProfile, hashedFeatures } from '../privacy/comparable-profile.ts';
import { refusedName } from '../refused-name.ts';
import { makeReport } from '../report/make-report.ts';
import { type Download, sourceGone } from '../source.store.ts';
import { stageLimits } from '../stage-file.ts';
import { unreadableFile } from '../unreadable-file.ts';
import {
  aboutDataset,
  describeFiles,
  outcomeOf,
  outcomeOfManifest,
  readRunDefinition,
  type ValidationTools,
  validateDataset,
} from '../validate-dataset.ts';
import { csvLayout } from './csv-layout.ts';
import { examinationOf } from './examination-of.ts';
import { type CountedOnSpark, sparkFacts } from './spark-facts.ts';
import { examinationPrefix, type SparkSite, sparkJob } from './spark-job.ts';
import { beyondSpark } from './spark-limits.ts';
import { sparkPlan } from './spark-plan.ts';

/** An upload that is too large for a function: the job that examines it. */
export interface ExaminationNeeded {
  verdict: 'examine';
  job: CreateProcessingJobRequest;
  jobTimeoutSeconds: number;
}

export interface UploadTools extends ValidationTools {
  /** Null where no container is known: what is too large is refused then. */
  spark: SparkSite | null;
}

/** Minutes that a machine may take to come and go. */
const graceSeconds = 3600;

/**
 * Makes a dataset of an upload, or says why not; of a large one in two steps, between which a job of Spark counts.
 *
 * @throws EvergreenError as {@link validateDataset} does.
 */
export async function validateUpload(
  request: ValidationRequest,
  tools: UploadTools,
): Promise<ValidationOutcome | ExaminationNeeded> {
  if (tools.spark === null) return validateDataset(request, tools);
  const { bytes, isLatest } = await lookAt(tools.s3, request.source);
  if (bytes <= tools.maxSourceBytes) return validateDataset(request, tools);
  const { definition: deployed, code } = await readRunDefinition(request, tools);
  const definition = isRetrain(request.source.key) ? withoutCheckedColumns(deployed) : deployed;
  const large = { request, tools, definition, columns: columnsOf(definition), codeDigest: code.digest };
  if (!isLatest) {
    return reject(
      large,
      bytes,
      'a newer file took its place before this one was read; the newer one has its own run',
    );
  }
  return request.examination
    ? concludeExamination(large)
    : planExamination({ ...large, spark: tools.spark }, bytes);
}

interface LargeUpload {
  request: ValidationRequest;
  tools: UploadTools;
  definition: ModelDefinition;
  columns: readonly Column[];
  codeDigest: string;
}

/** How large the version is, and whether it is what lies under its key: jobs read no versions. */
async function lookAt(s3: S3Client, source: SourceObject): Promise<{ bytes: number; isLatest: boolean }> {
  const { bucket: Bucket, key: Key, versionId } = source;
  try {
    const { ContentLength } = await s3.send(new HeadObjectCommand({ Bucket, Key, VersionId: versionId }));
    const latest = await s3.send(new HeadObjectCommand({ Bucket, Key }));
    return { bytes: ContentLength ?? 0, isLatest: latest.VersionId === versionId };
  } catch (thrown) {
    throw sourceGone(thrown, source) ?? thrown;
  }
}

async function planExamination(
  large: LargeUpload & { spark: SparkSite },
  bytes: number,
): Promise<ValidationOutcome | ExaminationNeeded> {
  const { request, tools, definition, columns, spark } = large;
  const { s3, bucket } = tools;
  const { key } = request.source;
  const refusal = refusedName(key, definition.data.formats);
  const recognised = formatOf(key);
  if (refusal !== null || !recognised) return reject(large, bytes, refusal ?? '');
  if (bytes > spark.maxSourceBytes) {
    return reject(large, bytes, `the file has ${bytes} bytes; at most ${spark.maxSourceBytes} are read`);
  }
  const beyond = beyondSpark(definition, columns, recognised);
  if (beyond.length > 0) {
    return reject(
      large,
      bytes,
      `the file has ${bytes} bytes; over ${tools.maxSourceBytes} a file is examined on Spark, which does not do: ${beyond.join('; ')}`,
    );
  }
  const limits = stageLimits(spark.maxSourceBytes);
  const layout =
    recognised.format === 'csv'
      ? csvLayout(await readHead(s3, request.source, limits.maxLineBytes), columns, limits.maxLineBytes)
      : null;
  if (layout && 'message' in layout) return reject(large, bytes, layout.message, layout.line);
  const earlier = await readComparable(large);
  const source = layout ? { format: 'csv' as const, ...layout } : { format: 'parquet' as const };
  const folder = examinationPrefix(request.model, request.runId);
  const [name = '', ...above] = key.split('/').reverse();
  await Promise.all([
    writeDocument(
      s3,
      { bucket, key: `${folder}plan.json` },
      sparkPlan(columns, source, { definition, limits, earlier }),
    ),
    writeDocument(s3, { bucket, key: `${folder}upload.manifest` }, [
      { prefix: `s3://${request.source.bucket}/${above.reverse().join('/')}/` },
      name,
    ]),
  ]);
  return {
    verdict: 'examine',
    job: sparkJob(spark, request),
    jobTimeoutSeconds: spark.maxHours * 3600 + graceSeconds,
  };
}

/** The champion's profile, as far as this definition's values can be held against it. */
async function readComparable({ request, tools, definition }: LargeUpload): Promise<DatasetProfile | null> {
  const earlier = await tools.readEarlier(request.model);
  return earlier && comparableProfile(earlier, hashedFeatures(definition));
}

/** A little more than the longest line, so that one which is longer is told from the end of the file. */
async function readHead(s3: S3Client, source: SourceObject, maxLineBytes: number): Promise<Buffer> {
  const { Body } = await s3.send(
    new GetObjectCommand({
      Bucket: source.bucket,
      Key: source.key,
      VersionId: source.versionId,
      Range: `bytes=0-${maxLineBytes + 16}`,
    }),
  );
  return Buffer.from((await Body?.transformToByteArray()) ?? []);
}

async function concludeExamination(large: LargeUpload): Promise<ValidationOutcome> {
  const { request, tools, definition, columns, codeDigest } = large;
  const { s3, bucket } = tools;
  const startedAt = tools.now();
  const folder = examinationPrefix(request.model, request.runId);
  const facts = await readDocument(s3, { bucket, key: `${folder}counted/facts.json` }, sparkFacts);
  const datasetId = datasetIdOf(facts.source.sha256, request.definitionDigest);
  const place = { bucket, model: request.model, datasetId };
  const existing = await readManifest(s3, place);
  if (existing) return outcomeOfManifest(existing);
  const found = examinationOf(facts, columns, {
    definition,
    limits: stageLimits(facts.source.bytes),
    earlier: await readComparable(large),
    now: startedAt,
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
    aboutDataset(request, report, codeDigest),
  );
  return outcomeOf(report, datasetKey(request.model, datasetId, 'manifest.json'));
}

/** Golden rows out of the candidates that Spark found. */
export function goldenOf(candidates: NonNullable<CountedOnSpark['golden']>, columns: readonly Column[]) {
  const features = columns.filter(({ role }) => role === 'feature');
  return chooseGoldenRows(
    candidates.map(({ group, values }) => ({
      group,
      row: Object.fromEntries(features.map(({ name }, place) => [name, values[place] ?? null])),
    })),
  );
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
  { request, tools, definition }: LargeUpload,
  found: Examination,
  datasetId: string,
  download: Download,
) {
  const endedAt = tools.now();
  return makeReport(found, {
    definition,
    runId: request.runId,
    datasetId,
    source: request.source,
    download,
    startedAt: endedAt,
    endedAt,
  });
}
