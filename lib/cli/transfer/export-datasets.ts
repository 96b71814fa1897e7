import type { DatasetManifest } from '../../data/dataset.ts';
import { listDatasets } from '../../data/versions/datasets.store.ts';
import { sha256 } from '../../shared/digest.ts';
import { findDataset, withRetrainParents } from '../commands/data-versions.ts';
import { collectTransfer, type TransferSource } from './collect-transfer.ts';
import type { TransferManifest } from './transfer-manifest.ts';
import { writeManifest, writeTransfer } from './write-transfer.ts';

export interface ExportWish {
  model: string;
  /** Ids of datasets; null for all that there are. */
  ids: readonly string[] | null;
  to: string;
  who: string;
  at: string;
  told(what: string): void;
}

/** Datasets that were named, and all that they were made from as far as it is kept. */
export function withParents(datasets: readonly DatasetManifest[], ids: readonly string[]): Set<string> {
  const byId = new Map(datasets.map((dataset) => [dataset.datasetId, dataset]));
  const wanted = new Set<string>();
  const add = (id: string) => {
    const found = byId.get(id);
    if (!found || wanted.has(id)) return;
    wanted.add(id);
    for (const { datasetId } of found.parents ?? []) add(datasetId);
  };
  for (const id of ids) add(id);
  return wanted;
}

/**
 * Writes datasets, what they were made from, and the versions that learned from them.
 *
 * @returns The manifest of the export, and its SHA-256.
 * @throws EvergreenError `dataset-unknown`, `usage-invalid`, `artifact-missing`, `artifact-damaged`.
 */
export async function exportDatasets(
  source: TransferSource,
  { model, ids, to, who, at, told }: ExportWish,
): Promise<{ manifest: TransferManifest; digest: string }> {
  const { s3, outputs } = source;
  const kept = await listDatasets(s3, outputs.DataBucket, model);
  const named = ids ? ids.map((id) => findDataset(kept, model, id)) : kept;
  if (named.length === 0) findDataset(kept, model, undefined);
  const related = await withRetrainParents(source, kept);
  const chosen = withParents(
    related,
    named.map(({ datasetId }) => datasetId),
  );
  const datasets = kept.filter(({ datasetId }) => chosen.has(datasetId));
  return writeTransfer(to, async (folder) => {
    const manifest = await collectTransfer(source, { model, datasets, related, who, at }, folder, told);
    const text = JSON.stringify(manifest, null, 2);
    writeManifest(folder, text);
    told(to);
    return { manifest, digest: sha256(text) };
  });
}
