import { CopyObjectCommand } from '@aws-sdk/client-s3';
import {
  type DatasetManifest,
  datasetKey,
  datasetReport,
  type Row,
  type SourceObject,
} from '../data/dataset.ts';
import { type ErasureTools, eraseRows } from '../data/erasure/erase-rows.ts';
import type { ErasureRecord } from '../data/erasure/erasure-record.ts';
import { erasureIdOf, readErasure, writeErasure } from '../data/erasure/erasures.store.ts';
import { capturedFeatures } from '../data/erasure/subject-column.ts';
import { hashKeyReader, type ReadHashKey } from '../data/privacy/hash-key.store.ts';
import { validateDataset } from '../data/validate-dataset.ts';
import { listDatasets } from '../data/versions/datasets.store.ts';
import { destroyVersions, listKeys, listVersions } from '../data/versions/objects-below.store.ts';
import {
  isSameObject,
  readRawObjects,
  recordCopies,
  recordReplacement,
} from '../data/versions/raw-copies.store.ts';
import type { ModelDefinition } from '../model/definition.ts';
import { eraseCaptures } from '../monitoring/erase-captures.store.ts';
import { PredictionStore } from '../monitoring/predictions.store.ts';
import type { LogEntry } from '../registry/registry.ts';
import { recordKeyOf } from '../remediation/retrain-rows.ts';
import { EvergreenError } from '../shared/errors.ts';
import { readBytes, readDocument, writeObject } from '../shared/objects.ts';
import type { Connection } from './connection.ts';
import { type ErasureWish, type FoundSource, SubjectSearch } from './subject-search.ts';

export type ErasureConnection = Pick<Connection, 's3' | 'kms' | 'documents' | 'registry' | 'outputs'>;

const limits = { maxSourceBytes: 2 * 1024 ** 3, memoryLimit: '1GB' };

/**
 * Removes a subject's rows from everything that was kept of a model's data, or says what would be removed.
 *
 * An upload goes last, after all that was made of it: whenever it breaks off, the same command finds the rows again and
 * goes on. What is gone stays gone.
 */
export async function eraseSubject(connection: ErasureConnection, wish: ErasureWish): Promise<ErasureRecord> {
  const { s3, kms, registry, outputs } = connection;
  const { model, subject, isDryRun, progress } = wish;
  const bucket = outputs.DataBucket;
  const tools = { s3, bucket, ...limits, readHashKey: hashKeyReader(kms, outputs.HashKeyArn) };
  const erasureId = await erasureIdOf(kms, outputs.SubjectKeyArn, model, subject);
  const earlier = await readErasure(s3, bucket, model, erasureId);
  const lastDone = earlier.findLastIndex(({ state }) => state === 'done');
  const unfinished = earlier.slice(lastDone + 1);

  const search = new SubjectSearch(tools, wish);
  const { found, telling, unreadable, definition } = await search.run();
  const isMeant = matcher(telling, definition);
  progress({ kind: 'step', text: 'looking through the captures' });
  const predictions = await eraseCaptures(s3, bucket, model, isMeant, true);
  const datasets = new Set([
    ...found.flatMap(({ manifests }) =>
      manifests.flatMap(({ datasetId, parents = [] }) => [datasetId, ...erasedFrom(parents)]),
    ),
    ...unfinished.flatMap(({ sources }) => sources.flatMap((source) => source.datasets)),
  ]);
  const versions = (await registry.listVersions(model))
    .filter(({ lineage }) => datasets.has(lineage.datasetId))
    .map(({ version }) => version);
  const at = wish.now().toISOString();
  const record: ErasureRecord = {
    schema: 'evergreen/erasure/v1',
    model,
    erasureId,
    state: 'begun',
    at,
    who: wish.who,
    sources: found.map(({ source, rows, manifests }) => ({
      key: source.key,
      versionId: source.versionId,
      rows,
      broken: 0,
      datasets: manifests.map(({ datasetId }) => datasetId),
      replacedBy: [],
    })),
    predictions: [...new Set([...predictions, ...unfinished.flatMap((each) => each.predictions)])],
    versions,
    unreadable,
  };
  const isNothing = found.length === 0 && record.predictions.length === 0 && unfinished.length === 0;
  if (isDryRun || isNothing) return { ...record, state: isDryRun ? 'planned' : 'done' };

  await writeErasure(s3, bucket, record);
  await eraseCaptures(s3, bucket, model, isMeant, false);
  const receipts = new PredictionStore(connection.documents, outputs.PredictionsTable);
  for (const id of record.predictions) await receipts.eraseReceipt(id);
  const sources: ErasureRecord['sources'] = [];
  // Rows of retrains first: only the rows of the uploads tell which of theirs are meant.
  for (const each of found.toReversed()) {
    progress({ kind: 'step', text: `erasing from ${each.source.key}` });
    sources.push(
      await replaceSource(each, datasetsBefore(each.source, unfinished), { erasureId, tools, now: wish.now }),
    );
  }
  await markForRetraining(connection, model, versions, {
    at: unfinished[0]?.at ?? at,
    who: wish.who,
    erasureId,
  });
  const done: ErasureRecord = {
    ...record,
    state: 'done',
    at: wish.now().toISOString(),
    sources: [
      ...sources,
      // What an attempt that broke off had finished.
      ...unfinished.flatMap((before) =>
        before.sources.filter(
          ({ key, versionId }) => !sources.some((now) => now.key === key && now.versionId === versionId),
        ),
      ),
    ],
  };
  await writeErasure(s3, bucket, done);
  return done;
}

/** Datasets of the same rows and more: a version that learned from one had learned from these rows too. */
function erasedFrom(parents: NonNullable<DatasetManifest['parents']>): string[] {
  return parents.filter(({ because }) => because === 'erasure').map(({ datasetId }) => datasetId);
}

/** Compares the features that captures hold. */
function matcher(telling: readonly Row[], definition: ModelDefinition | undefined): (row: Row) => boolean {
  if (!definition || telling.length === 0) return () => false;
  const names = capturedFeatures(definition);
  const textOf = (row: Row) => JSON.stringify(names.map((name) => row[name] ?? null));
  const known = new Set(telling.map(textOf));
  return (row) => known.has(textOf(row));
}

/** Datasets that an attempt which broke off had found to be made of an upload; some may be gone by now. */
function datasetsBefore(source: SourceObject, unfinished: readonly ErasureRecord[]): string[] {
  return unfinished
    .flatMap(({ sources }) => sources)
    .filter(({ key, versionId }) => key === source.key && versionId === source.versionId)
    .flatMap(({ datasets }) => datasets);
}

/** Datasets of an upload are made anew from what is left of it; then they are destroyed, and the upload with them. */
async function replaceSource(
  { source, definition, manifests, wanted, rows }: FoundSource,
  before: readonly string[],
  {
    erasureId,
    tools,
    now,
  }: { erasureId: string; tools: ErasureTools & { readHashKey: ReadHashKey }; now: () => Date },
): Promise<ErasureRecord['sources'][number]> {
  const { s3, bucket } = tools;
  const erased = await eraseRows({ source, definition }, wanted, tools, false);
  if ('message' in erased || !erased.rewritten) {
    throw new EvergreenError('internal', `${source.key} cannot be written without the rows found in it`);
  }
  const rewritten = erased.rewritten;
  await copyRetrainRecord(tools, source.key, rewritten.key);
  for (const manifest of manifests) {
    const { model, datasetId, definitionDigest, parents = [] } = manifest;
    const outcome = await validateDataset(
      {
        runId: `erasure-${erasureId}`,
        model,
        definitionDigest,
        source: rewritten,
        // Those before are gone with their manifests; versions may still stand on them.
        parents: [{ datasetId, because: 'erasure' }, ...parents],
      },
      { ...tools, readEarlier: async () => null, now },
    );
    if (outcome.verdict !== 'accepted') continue;
    // Files that the upload was joined of hold the other rows, too.
    const place = { bucket, model, datasetId: outcome.datasetId };
    const raw = await readRawObjects(s3, bucket, manifest);
    await recordCopies(
      s3,
      place,
      raw.filter((each) => !isSameObject(source)(each)),
    );
  }
  const model = definition.name;
  const datasets = [...new Set([...before, ...manifests.map(({ datasetId }) => datasetId)])];
  const folders = [
    ...datasets.map((datasetId) => datasetKey(model, datasetId, '')),
    ...(await foldersOfRejected(tools, model, source)),
  ];
  for (const folder of folders) await destroyVersions(s3, bucket, await listVersions(s3, bucket, folder));
  await recordReplacement(s3, bucket, model, source, rewritten);
  await destroyVersions(s3, bucket, [source]);
  const replacedBy = (await listDatasets(s3, bucket, model))
    .filter(({ parents = [] }) => parents.some(({ datasetId }) => datasets.includes(datasetId)))
    .map(({ datasetId }) => datasetId);
  return {
    key: source.key,
    versionId: source.versionId,
    rows,
    broken: erased.broken,
    datasets,
    replacedBy,
  };
}

/** Which labels a retrain took is told beside its rows, also beside what is left of them. */
async function copyRetrainRecord({ s3, bucket }: ErasureTools, from: string, to: string): Promise<void> {
  const [fromRecord, toRecord] = [recordKeyOf(from), recordKeyOf(to)];
  if (fromRecord === undefined || toRecord === undefined) return;
  const bytes = await readBytes(s3, { bucket, key: fromRecord });
  if (bytes) await writeObject(s3, { bucket, key: toRecord }, bytes, 'application/json');
}

/** Reports of the upload that led to no dataset: beside them lie rows that were kept out. */
async function foldersOfRejected(
  { s3, bucket }: ErasureTools,
  model: string,
  source: { key: string; versionId: string },
): Promise<string[]> {
  const folders: string[] = [];
  for (const key of await listKeys(s3, bucket, `datasets/${model}/`)) {
    if (!key.endsWith('/report.json')) continue;
    const report = await readDocument(s3, { bucket, key }, datasetReport);
    const isOfSource = report.source.key === source.key && report.source.versionId === source.versionId;
    if (isOfSource && report.verdict === 'rejected') folders.push(key.slice(0, -'report.json'.length));
  }
  return folders;
}

/** A line of the log for each version; the same erasure writes the same lines. */
async function markForRetraining(
  { registry }: Pick<ErasureConnection, 'registry'>,
  model: string,
  versions: readonly number[],
  { at, who, erasureId }: { at: string; who: string; erasureId: string },
): Promise<void> {
  const { revision, champion } = await registry.readLive(model);
  for (const version of versions) {
    const entry: LogEntry = {
      model,
      at,
      revision,
      action: 'rows-erased',
      version,
      championBefore: champion?.version ?? null,
      championAfter: champion?.version ?? null,
      who,
      why: 'rows that it learned from were erased: train it again',
      details: { erasureId },
    };
    await registry.appendLog(entry);
  }
}

/**
 * Puts what is left of the champion's upload where intake sees it, so that a run trains on it; the same content under the
 * same name is one run.
 *
 * @returns The key, or null when the champion had not learned from the rows.
 */
export async function trainOnTheRest(
  { s3, registry, outputs }: Pick<ErasureConnection, 's3' | 'registry' | 'outputs'>,
  model: string,
): Promise<string | null> {
  const bucket = outputs.DataBucket;
  const { champion } = await registry.readLive(model);
  // The newest first: rows of several persons may have been erased one after the other.
  const rest = (await listDatasets(s3, bucket, model)).find(
    ({ parents = [] }) => champion !== null && erasedFrom(parents).includes(champion.datasetId),
  );
  if (!rest || rest.source.key.startsWith('retrain/')) return null;
  const name = rest.source.key.slice(rest.source.key.lastIndexOf('/') + 1);
  const key = `incoming/${model}/${rest.source.sha256.slice(0, 12)}-${name.replace(/^[0-9a-f]{12}-/, '')}`;
  if ((await readBytes(s3, { bucket, key })) !== undefined) return key;
  await s3.send(
    new CopyObjectCommand({
      Bucket: bucket,
      Key: key,
      CopySource: `${bucket}/${encodeURIComponent(rest.source.key)}?versionId=${rest.source.versionId}`,
    }),
  );
  return key;
}
