import { join } from 'node:path';
import type { S3Client } from '@aws-sdk/client-s3';
import type { ModelDefinition } from '../model/definition.ts';
import { hashKeyNameOf } from '../model/disguise.ts';
import { digestOf } from '../shared/digest.ts';
import { EvergreenError } from '../shared/errors.ts';
import { isRetrain, withoutCheckedColumns } from './checks/kept-columns.ts';
import { type Column, columnsOf } from './columns.ts';
import { type Workspace, withWorkspace } from './database.duckdb.ts';
import { type DatasetFiles, readManifest, writeDataset, writeReport } from './dataset.store.ts';
import {
  type DatasetProfile,
  type DatasetReport,
  datasetIdOf,
  datasetKey,
  type ValidationOutcome,
  type ValidationRequest,
} from './dataset.ts';
import { aboutDataset, describeFiles } from './dataset-documents.ts';
import type { Examination } from './examination.ts';
import { examineUpload } from './examine.duckdb.ts';
import { readGoldenRows } from './golden.duckdb.ts';
import { noteCopy } from './note-copy.store.ts';
import { readJoined } from './parts/joined.store.ts';
import type { PartProblem } from './parts/parts.ts';
import { comparableProfile, hashedFeatures } from './privacy/comparable-profile.ts';
import type { ReadHashKey } from './privacy/hash-key.store.ts';
import { makeReport } from './report/make-report.ts';
import { readRunDefinition } from './run-definition.store.ts';
import { downloadSource } from './source.store.ts';
import { writeSide } from './split.duckdb.ts';
import { stageLimits } from './stage-file.ts';
import { unreadableParts } from './unreadable-file.ts';
import { outcomeOf, outcomeOfManifest } from './validation-outcome.ts';

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
  const joined = await readJoined(request, tools);
  if (joined?.outcome === 'refused') return refuseParts(request, tools, definition, joined.problems);
  return withWorkspace(tools.memoryLimit, async (workspace) => {
    const path = join(workspace.folder, 'upload');
    const download = await downloadSource(s3, request.source, path, tools.maxSourceBytes);
    const datasetId = datasetIdOf(download.sha256 ?? digestOf(request.source), request.definitionDigest);
    const place = { bucket, model: request.model, datasetId };
    const existing = await readManifest(s3, place);
    if (existing) {
      await noteCopy(s3, place, existing, request.source, joined);
      return outcomeOfManifest(existing);
    }

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
      ...(joined ? { parts: joined.parts } : {}),
      startedAt,
      endedAt: tools.now(),
    });
    if (report.verdict === 'rejected') {
      await writeReport(s3, place, files);
      return outcomeOf(report, null);
    }
    const about = aboutDataset(request, report, code.digest, joined);
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

/** The report of an upload of many files that could not be joined. */
async function refuseParts(
  { model, runId, source, definitionDigest }: ValidationRequest,
  { s3, bucket, now }: ValidationTools,
  definition: ModelDefinition,
  problems: readonly PartProblem[],
): Promise<ValidationOutcome> {
  const at = now();
  const datasetId = datasetIdOf(digestOf(source), definitionDigest);
  const { report, files } = makeReport(unreadableParts(problems, columnsOf(definition)), {
    definition,
    runId,
    datasetId,
    source,
    download: { bytes: 0, sha256: null },
    startedAt: at,
    endedAt: at,
  });
  await writeReport(s3, { bucket, model, datasetId }, files);
  return outcomeOf(report, null);
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

async function filesOf(
  { connection, folder }: Workspace,
  columns: readonly Column[],
  report: DatasetReport,
  found: Examination & { hashed: Record<string, string> },
): Promise<DatasetFiles> {
  const [train, test] = [join(folder, 'train.parquet'), join(folder, 'test.parquet')];
  return {
    train: await writeSide(connection, columns, 'train', train),
    test: await writeSide(connection, columns, 'test', test),
    ...describeFiles(await readGoldenRows(connection, columns), columns, report, found),
  };
}
