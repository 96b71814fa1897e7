import type { DatasetManifest } from '../dataset.ts';

/** A version of the model, as far as lineage asks. */
export interface TrainedVersion {
  version: number;
  lineage: { datasetId: string; runId: string; parentVersion: number | null };
}

export interface LineageEntry {
  datasetId: string;
  createdAt: string;
  /** The version of an upload, or of a retrain's rows, that it was made of. */
  source: string;
  parents: string[];
  /** Versions that were trained on it. */
  versions: number[];
}

/** A dataset, those it was made from, and what was trained on each; the nearest first, each once. */
export function traceLineage(
  datasetId: string,
  manifests: readonly DatasetManifest[],
  versions: readonly TrainedVersion[],
): LineageEntry[] {
  const byId = new Map(manifests.map((manifest) => [manifest.datasetId, manifest]));
  const found = new Map<string, LineageEntry>();
  const waiting = [datasetId];
  for (let id = waiting.shift(); id !== undefined; id = waiting.shift()) {
    const manifest = byId.get(id);
    if (!manifest || found.has(id)) continue;
    const parents = (manifest.parents ?? []).map((parent) => parent.datasetId);
    found.set(id, {
      datasetId: id,
      createdAt: manifest.createdAt,
      source: `${manifest.source.key}@${manifest.source.versionId}`,
      parents,
      versions: versions
        .filter(({ lineage }) => lineage.datasetId === id)
        .map(({ version }) => version)
        .sort((a, b) => a - b),
    });
    waiting.push(...parents);
  }
  return [...found.values()];
}
