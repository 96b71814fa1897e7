import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { S3Client } from '@aws-sdk/client-s3';
import type { ModelDefinition } from '../model/definition.ts';
import { type DeployedModel, definitionKey, deployedModel } from '../model/deployed-model.ts';
import { hashKeyNameOf } from '../model/disguise.ts';
import { digestOf } from '../shared/digest.ts';
import { EvergreenError } from '../shared/errors.ts';
import { readDocument } from '../shared/objects.ts';
import { isRetrain, withoutCheckedColumns } from './checks/kept-columns.ts';
import { type Column, columnsOf } from './columns.ts';
import { type Workspace, withWorkspace } from './database.duckdb.ts';
import { type DatasetFiles, readManifest, writeDataset, writeReport } from './dataset.store.ts';
import {
  type DatasetManifest,
  type DatasetProfile,
  type DatasetReport,
  datasetIdOf,
  datasetKey,
  datasetManifest,
  datasetProfile,
  goldenRows,
  type Row,
  type ValidationOutcome,
  type ValidationRequest,
} from './dataset.ts';
import type { Examination } from './examination.ts';
import { examineUpload } from './examine.duckdb.ts';
import { readGoldenRows } from './golden.duckdb.ts';
import { comparableProfile, hashedFeatures } from './privacy/comparable-profile.ts';
import type { ReadHashKey } from './privacy/hash-key.store.ts';
import { makeReport } from './report/make-report.ts';
import { downloadSource } from './source.store.ts';
import { writeSide } from './split.duckdb.ts';
import { stageLimits } from './stage-file.ts';

export interface ValidationTools {
  s3: S3Client;
  /** The data bucket. */
  bucket: string;
  maxSourceBytes: number;
  /** As DuckDB writes sizes, such as 1GB. */
  memoryLimit: string;
  /** The profile of the dataset that the model in production was trained on; null when there is none. */
  readEarlier: (model: string) => Promise<DatasetProfile | null>;
  now: () => Date;
  /** @default - a definition that hashes is refused */
  readHashKey?: ReadHashKey;
}

/** What a state of the pipeline hands on is limited; the report has all. */
const mostReasons = 20;

/**
 * Makes a dataset of one version of an uploaded file, or a report that says why not.
 *
 * A dataset that is there already (same bytes, same definition) is answered as it is; one whose writing broke off has
 * no manifest and is written again.
 *
 * @throws EvergreenError `upload-missing`, `artifact-missing` (the definition), `service-unavailable`.
 */
export async function validateDataset(
  request: ValidationRequest,
  tools: ValidationTools,
): Promise<ValidationOutcome> {
  const { s3, bucket } = tools;
  const startedAt = tools.now();
  const { definition: deployed, code } = await readRunDefinition(request, tools);
  const definition = isRetrain(request.source.key) ? withoutCheckedColumns(deployed) : deployed;
  const columns = columnsOf(definition);
  return withWorkspace(tools.memoryLimit, async (workspace) => {
    const path = join(workspace.folder, 'upload');
    const download = await downloadSource(s3, request.source, path, tools.maxSourceBytes);
    const datasetId = datasetIdOf(download.sha256 ?? digestOf(request.source), request.definitionDigest);
    const place = { bucket, model: request.model, datasetId };
    const existing = await readManifest(s3, place);
    if (existing) return outcomeOfManifest(existing);

    const hashed = hashedFeatures(definition);
    const earlier = await tools.readEarlier(request.model);
    const found = await examineUpload(workspace, { path, download, name: request.source.key }, columns, {
      definition,
      limits: stageLimits(tools.maxSourceBytes),
      earlier: earlier && comparableProfile(earlier, hashed),
      now: startedAt,
      hashKey: await hashKeyOf(definition, tools),
    });
    const { report, files } = makeReport(found, {
      definition,
      runId: request.runId,
      datasetId,
      source: request.source,
      download,
      startedAt,
      endedAt: tools.now(),
    });
    if (report.verdict === 'rejected') {
      await writeReport(s3, place, files);
      return outcomeOf(report, null);
    }
    const about = aboutDataset(request, report, code.digest);
    await writeDataset(
      s3,
      place,
      files,
      await filesOf(workspace, columns, report, { ...found, hashed }),
      about,
    );
    return outcomeOf(report, datasetKey(request.model, datasetId, 'manifest.json'));
  });
}

/** @throws EvergreenError `hash-key-unavailable`. */
async function hashKeyOf(definition: ModelDefinition, { readHashKey }: ValidationTools): Promise<Uint8Array> {
  const keyName = hashKeyNameOf(definition);
  if (keyName === undefined) return new Uint8Array();
  if (readHashKey) return readHashKey(definition.name, keyName);
  throw new EvergreenError(
    'hash-key-unavailable',
    `${definition.name} hashes with the key ${keyName}, and there is none here`,
  );
}

/** What a run began with. */
export async function readRunDefinition(
  { model, definitionDigest }: ValidationRequest,
  { s3, bucket }: Pick<ValidationTools, 's3' | 'bucket'>,
): Promise<DeployedModel> {
  const key = definitionKey(model, definitionDigest);
  const deployed = await readDocument(s3, { bucket, key }, deployedModel);
  const { definition, digest } = deployed;
  if (digest === definitionDigest && definition.name === model) return deployed;
  throw new EvergreenError(
    'artifact-damaged',
    `object ${key} describes model ${definition.name} under digest ${digest}; deploy the model again`,
  );
}

async function filesOf(
  { connection, folder }: Workspace,
  columns: readonly Column[],
  report: DatasetReport,
  found: Examination & { hashed: Record<string, string> },
): Promise<DatasetFiles> {
  const [train, test] = [join(folder, 'train.parquet'), join(folder, 'test.parquet')];
  await writeSide(connection, columns, 'train', train);
  await writeSide(connection, columns, 'test', test);
  return {
    train: await readFile(train),
    test: await readFile(test),
    ...describeFiles(await readGoldenRows(connection, columns), columns, report, found),
  };
}

/** The documents of a dataset: golden rows and frozen profile. */
export function describeFiles(
  rows: readonly Row[],
  columns: readonly Column[],
  { model, datasetId, rows: counted }: DatasetReport,
  { profiles, labelFlips, hashed = {} }: Examination & { hashed?: Record<string, string> },
): { golden: string; profile: string } {
  const target = columns.find(({ role }) => role === 'target')?.name ?? '';
  const { [target]: ofTarget, ...ofFeatures } = profiles;
  const profile = datasetProfile.parse({
    schema: 'evergreen/profile/v1',
    model,
    datasetId,
    rows: counted.train,
    features: ofFeatures,
    target: ofTarget,
    ...(Object.keys(hashed).length === 0 ? {} : { hashed }),
    labelFlips,
  });
  const golden = goldenRows.parse({ schema: 'evergreen/golden-rows/v1', rows });
  return { golden: JSON.stringify(golden), profile: JSON.stringify(profile) };
}

/** What the manifest says beside the files. */
export function aboutDataset(
  { definitionDigest, parents }: ValidationRequest,
  { model, datasetId, source, rows, createdAt }: DatasetReport,
  codeDigest: string,
): Omit<DatasetManifest, 'schema' | 'files'> {
  return {
    model,
    datasetId,
    definitionDigest,
    source: datasetManifest.shape.source.parse(source),
    rows,
    ...(parents ? { parents } : {}),
    codeDigest,
    createdAt,
  };
}

/** The outcome of a dataset that is there already. */
export function outcomeOfManifest({ model, datasetId, rows, files }: DatasetManifest): ValidationOutcome {
  const manifestKey = datasetKey(model, datasetId, 'manifest.json');
  return { verdict: 'accepted', datasetId, reportKey: files.report.key, manifestKey, reasons: [], rows };
}

/** What the pipeline chooses by, out of a report. */
export function outcomeOf(
  { verdict, model, datasetId, reasons, rows }: DatasetReport,
  manifestKey: string | null,
): ValidationOutcome {
  const reportKey = datasetKey(model, datasetId, 'report.json');
  const more = reasons.length - mostReasons;
  const told =
    more > 0 ? [...reasons.slice(0, mostReasons), `${more} more reasons are in the report`] : reasons;
  return { verdict, datasetId, reportKey, manifestKey, reasons: told, rows };
}
