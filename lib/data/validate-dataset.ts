import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { S3Client } from '@aws-sdk/client-s3';
import type { ModelDefinition } from '../model/definition.ts';
import { definitionKey, deployedModel } from '../model/deployed-model.ts';
import { formatOf, suffixesFor } from '../model/source-format.ts';
import { digestOf } from '../shared/digest.ts';
import { EvergreenError } from '../shared/errors.ts';
import { readDocument } from '../shared/objects.ts';
import { type Column, columnsOf } from './columns.ts';
import { type Workspace, withWorkspace } from './database.duckdb.ts';
import { type DatasetFiles, readManifest, writeDataset, writeReport } from './dataset.store.ts';
import {
  type DatasetReport,
  datasetIdOf,
  datasetKey,
  datasetManifest,
  datasetProfile,
  datasetReport,
  goldenRows,
  keptQuarantine,
  type ValidationOutcome,
  type ValidationRequest,
} from './dataset.ts';
import { type Examination, examineFile, unreadable } from './examine.duckdb.ts';
import { readGoldenRows } from './golden.duckdb.ts';
import { renderReport } from './report/report-page.ts';
import { type Download, downloadSource } from './source.store.ts';
import { writeSide } from './split.duckdb.ts';

export interface ValidationTools {
  s3: S3Client;
  /** The data bucket. */
  bucket: string;
  maxSourceBytes: number;
  /** As DuckDB writes sizes, such as 1GB. */
  memoryLimit: string;
  now: () => Date;
}

const maxLineBytes = 1 << 20;
const maxRows = 50_000_000;

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
  const definition = await readDefinition(request, tools);
  const columns = columnsOf(definition);
  return withWorkspace(tools.memoryLimit, async (workspace) => {
    const path = join(workspace.folder, 'upload');
    const download = await downloadSource(s3, request.source, path, tools.maxSourceBytes);
    const datasetId = datasetIdOf(download.sha256 ?? digestOf(request.source), request.definitionDigest);
    const place = { bucket, model: request.model, datasetId };
    const existing = await readManifest(s3, place);
    if (existing) {
      const { rows, files } = existing;
      const manifestKey = datasetKey(request.model, datasetId, 'manifest.json');
      return { verdict: 'accepted', datasetId, reportKey: files.report.key, manifestKey, reasons: [], rows };
    }

    const found = await examine(workspace, path, download, request.source.key, columns, definition, tools);
    const report = datasetReport.parse({
      schema: 'evergreen/data-report/v1',
      model: request.model,
      runId: request.runId,
      datasetId,
      verdict: found.reasons.length === 0 ? 'accepted' : 'rejected',
      source: { ...request.source, ...download, format: formatOf(request.source.key)?.format ?? 'unknown' },
      ...found,
      createdAt: startedAt.toISOString(),
      durationMs: tools.now().getTime() - startedAt.getTime(),
    });
    const reports = {
      report: JSON.stringify(report),
      page: renderReport(report, definition, found.profiles),
      quarantine: jsonLines(found.quarantine),
    };
    if (report.verdict === 'rejected') {
      await writeReport(s3, place, reports);
      return outcomeOf(report, null);
    }
    await writeDataset(s3, place, reports, await filesOf(workspace, columns, report, found), {
      model: request.model,
      datasetId,
      definitionDigest: request.definitionDigest,
      source: datasetManifest.shape.source.parse(report.source),
      rows: report.rows,
      createdAt: report.createdAt,
    });
    return outcomeOf(report, datasetKey(request.model, datasetId, 'manifest.json'));
  });
}

async function readDefinition(
  { model, definitionDigest }: ValidationRequest,
  { s3, bucket }: ValidationTools,
): Promise<ModelDefinition> {
  const key = definitionKey(model, definitionDigest);
  const { definition, digest } = await readDocument(s3, { bucket, key }, deployedModel);
  if (digest === definitionDigest && definition.name === model) return definition;
  throw new EvergreenError(
    'artifact-damaged',
    `object ${key} describes model ${definition.name} under digest ${digest}; deploy the model again`,
  );
}

async function examine(
  workspace: Workspace,
  path: string,
  download: Download,
  key: string,
  columns: readonly Column[],
  definition: ModelDefinition,
  { maxSourceBytes }: ValidationTools,
): Promise<Examination> {
  const { formats } = definition.data;
  const refuse = (message: string) => unreadable({ line: 0, message }, columns);
  if (download.sha256 === null) {
    return refuse(`the file has ${download.bytes} bytes; at most ${maxSourceBytes} are read`);
  }
  const recognised = formatOf(key);
  if (!recognised || !formats.includes(recognised.format)) {
    return refuse(
      `the name ${fileName(key)} does not end as it should; use one of ${suffixesFor(formats).join(', ')}`,
    );
  }
  if (download.bytes === 0) return refuse('the file is empty');
  const limits = { maxDecodedBytes: maxSourceBytes, maxLineBytes, maxRows, keptBroken: keptQuarantine };
  return examineFile(workspace, path, recognised, columns, definition, limits);
}

function fileName(key: string): string {
  return key.slice(key.lastIndexOf('/') + 1);
}

function jsonLines(documents: readonly unknown[]): string | null {
  return documents.length === 0 ? null : documents.map((each) => `${JSON.stringify(each)}\n`).join('');
}

async function filesOf(
  { connection, folder }: Workspace,
  columns: readonly Column[],
  { model, datasetId, rows }: DatasetReport,
  { profiles }: Examination,
): Promise<DatasetFiles> {
  const [train, test] = [join(folder, 'train.parquet'), join(folder, 'test.parquet')];
  await writeSide(connection, columns, 'train', train);
  await writeSide(connection, columns, 'test', test);
  const target = columns.find(({ role }) => role === 'target')?.name ?? '';
  const { [target]: ofTarget, ...ofFeatures } = profiles;
  const profile = datasetProfile.parse({
    schema: 'evergreen/profile/v1',
    model,
    datasetId,
    rows: rows.train,
    features: ofFeatures,
    target: ofTarget,
  });
  const golden = goldenRows.parse({
    schema: 'evergreen/golden-rows/v1',
    rows: await readGoldenRows(connection, columns),
  });
  return {
    train: await readFile(train),
    test: await readFile(test),
    golden: JSON.stringify(golden),
    profile: JSON.stringify(profile),
  };
}

function outcomeOf(
  { verdict, model, datasetId, reasons, rows }: DatasetReport,
  manifestKey: string | null,
): ValidationOutcome {
  const reportKey = datasetKey(model, datasetId, 'report.json');
  return { verdict, datasetId, reportKey, manifestKey, reasons, rows };
}
