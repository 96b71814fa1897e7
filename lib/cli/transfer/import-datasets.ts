import { readManifest } from '../../data/dataset.store.ts';
import { datasetKey, datasetManifest } from '../../data/dataset.ts';
import { erasureRecord } from '../../data/erasure/erasure-record.ts';
import { takeOverLedger } from '../../data/privacy/epsilon-ledger.store.ts';
import { listKeys } from '../../data/versions/objects-below.store.ts';
import { definitionKey } from '../../model/deployed-model.ts';
import { recordKeyOf } from '../../remediation/retrain-rows.ts';
import { EvergreenError } from '../../shared/errors.ts';
import { readBytes, readDocument, writeDocument } from '../../shared/objects.ts';
import type { Connection } from '../connection.ts';
import { putMissing } from './put-missing.ts';
import type { Transfer } from './read-transfer.ts';
import type { TransferDataset } from './transfer-manifest.ts';

type Target = Pick<Connection, 's3' | 'outputs'>;

/** Where an imported upload lies: it starts no run there, and erasure and retention look there. */
export function importedKey(key: string, sha256: string): string {
  const mark = sha256.slice(0, 12);
  const [room, model = '', ...rest] = key.split('/');
  const name = rest.join('/');
  if (room === 'retrain') return `retrain/${model}/${name.replace(/\.jsonl$/, '')}-${mark}.jsonl`;
  // Moved on from one deployment to the next, a name does not grow.
  return `rewritten/${model}/imported-${mark}/${name.replace(/^imported-[0-9a-f]{12}\//, '')}`;
}

/**
 * What was destroyed here, or lost rows to an erasure here, does not come back by a copy that is older.
 *
 * @throws EvergreenError `dataset-destroyed`.
 */
export async function refuseDestroyed(
  { s3, outputs }: Target,
  model: string,
  datasets: readonly TransferDataset[],
): Promise<void> {
  const bucket = outputs.DataBucket;
  const erased = new Set<string>();
  for (const key of await listKeys(s3, bucket, `erasures/${model}/`)) {
    const { sources } = await readDocument(s3, { bucket, key }, erasureRecord);
    for (const { datasets: ids } of sources) for (const id of ids) erased.add(id);
  }
  for (const { manifest } of datasets) {
    const id = manifest.datasetId;
    const certificate = `certificates/${model}/${id}.json`;
    if ((await readBytes(s3, { bucket, key: certificate })) !== undefined) {
      throw new EvergreenError(
        'dataset-destroyed',
        `dataset ${id} was destroyed here, as ${certificate} says; export without it`,
      );
    }
    if (erased.has(id)) {
      throw new EvergreenError(
        'dataset-destroyed',
        `rows of a person were erased here from dataset ${id}; erase them where it was exported too, and export what is left`,
      );
    }
  }
}

/**
 * Writes a dataset with its upload under the id it had; its manifest last.
 *
 * @returns False when it was there already.
 */
export async function importDataset(
  { s3, outputs }: Target,
  transfer: Transfer,
  { manifest, page, definition, retrainRecord, ledger }: TransferDataset,
): Promise<boolean> {
  const bucket = outputs.DataBucket;
  const { model, datasetId, definitionDigest, source, files } = manifest;
  if (ledger) await takeOverLedger(s3, bucket, ledger);
  if (await readManifest(s3, { bucket, model, datasetId })) return false;
  const put = (key: string, sha256: string) =>
    putMissing(s3, { bucket, key }, { ...transfer.file(sha256, key), sha256 });
  await put(definitionKey(model, definitionDigest), definition);
  let placed = source;
  if (transfer.has(source.sha256)) {
    const key = importedKey(source.key, source.sha256);
    placed = { ...source, bucket, key, versionId: await put(key, source.sha256) };
    const recordKey = recordKeyOf(key);
    if (recordKey !== undefined && retrainRecord !== null) await put(recordKey, retrainRecord);
  }
  for (const file of Object.values(files)) if (file) await put(file.key, file.sha256);
  if (page !== null) await put(datasetKey(model, datasetId, 'report.html'), page);
  const { from, exportedAt } = transfer.manifest;
  // What the upload was joined from stays where it was.
  const { gatheredFrom: _, ...moved } = manifest;
  const document = datasetManifest.parse({
    ...moved,
    source: placed,
    importedFrom: { ...from, exportedAt, source },
  });
  await writeDocument(s3, { bucket, key: datasetKey(model, datasetId, 'manifest.json') }, document);
  return true;
}
