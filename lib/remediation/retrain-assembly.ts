import { type DatasetManifest, datasetKey, type Row, type SourceObject } from '../data/dataset.ts';
import type { ModelDefinition } from '../model/definition.ts';
import type { CaptureStore } from '../monitoring/captures.store.ts';
import { completeAll } from '../monitoring/complete-receipts.ts';
import { joinLabels } from '../monitoring/labelled-rows.ts';
import type { PredictionStore } from '../monitoring/predictions.store.ts';
import type { Live } from '../registry/registry.ts';
import {
  columnsNotKept,
  newLabels,
  type RetrainRecord,
  recordKeyOf,
  rememberLabels,
  retrainKeys,
  rowsToLearnFrom,
  searchFrom,
} from './retrain-rows.ts';

export interface RetrainOrder {
  runId: string;
  model: string;
  definitionDigest: string;
}

export type Assembly =
  | { outcome: 'assembled'; source: SourceObject; labelledRows: number; totalRows: number }
  | { outcome: 'refused'; reason: string };

export interface RetrainAssemblyParts {
  readLive(model: string): Promise<Live>;
  readDefinition(model: string, definitionDigest: string): Promise<ModelDefinition>;
  readManifest(key: string): Promise<DatasetManifest>;
  /** Rows of a Parquet file of a dataset, in its columns. */
  readRows(key: string, definition: ModelDefinition): Promise<Row[]>;
  readRecord(key: string): Promise<RetrainRecord>;
  writeRecord(key: string, record: RetrainRecord): Promise<void>;
  /** Answers where the rows lie, with the version that was written. */
  writeRows(key: string, body: string): Promise<SourceObject>;
  predictions: Pick<PredictionStore, 'labelsSince' | 'findReceipts'>;
  captures: Pick<CaptureStore, 'complete'>;
  now(): Date;
}

/** The newest labels; what a retrain takes in memory is bounded by them. */
const maxLabels = 50_000;

/** Gathers what a retrain learns from: the rows of the champion's dataset and those labelled since. */
export async function assembleRetrain(
  { runId, model, definitionDigest }: RetrainOrder,
  parts: RetrainAssemblyParts,
): Promise<Assembly> {
  const now = parts.now();
  const { champion } = await parts.readLive(model);
  if (!champion) {
    return { outcome: 'refused', reason: `${model} has no champion to learn on from; upload a file of rows` };
  }
  const definition = await parts.readDefinition(model, definitionDigest);
  const lost = columnsNotKept(definition);
  if (lost.length > 0) {
    const reason = `live rows are kept without ${lost.join(', ')}, which ${model} needs to learn; upload a file of rows`;
    return { outcome: 'refused', reason };
  }
  const { datasetId, version } = champion;
  const manifest = await parts.readManifest(datasetKey(model, datasetId, 'manifest.json'));
  const recordKey = recordKeyOf(manifest.source.key);
  const before = recordKey === undefined ? undefined : await parts.readRecord(recordKey);

  const since = searchFrom(manifest.createdAt, before);
  const labels = newLabels(await parts.predictions.labelsSince(model, since, maxLabels, now), before);
  const found = await parts.predictions.findReceipts(
    labels.map(({ predictionId }) => predictionId),
    now,
  );
  const labelled = joinLabels(labels, await completeAll(parts.captures, [...found.values()]), model);
  if (labelled.length === 0) {
    const reason = `no new labelled rows since ${since}, so there is nothing that version ${version} (dataset ${datasetId}) did not learn from`;
    return { outcome: 'refused', reason };
  }

  const itsDefinition = await parts.readDefinition(model, manifest.definitionDigest);
  const known = [
    ...(await parts.readRows(manifest.files.train.key, itsDefinition)),
    ...(await parts.readRows(manifest.files.test.key, itsDefinition)),
  ];
  const rows = rowsToLearnFrom(known, labelled, definition, before);
  const keys = retrainKeys(model, runId);
  // The record first: rows whose labels nobody remembers would be taken a second time.
  await parts.writeRecord(keys.record, {
    schema: 'evergreen/retrain/v1',
    model,
    runId,
    assembledAt: now.toISOString(),
    base: { version, datasetId },
    labelledRows: labelled.length,
    totalRows: rows.length,
    labelsFrom: before?.labelsFrom ?? since,
    ...rememberLabels(labelled, before, now.toISOString()),
  });
  const source = await parts.writeRows(keys.rows, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  return { outcome: 'assembled', source, labelledRows: labelled.length, totalRows: rows.length };
}
