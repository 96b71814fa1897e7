import type { DatasetManifest } from '../dataset.ts';

type Related = Pick<DatasetManifest, 'datasetId' | 'parents'> & { source: { sha256: string } };

/**
 * Datasets that are known to hold rows of one of them: made from one another (erasure, retrain) or of the same bytes under
 * another definition. Those that are gone by now and were named as parents are among them. Other uploads that repeat rows
 * are not known.
 *
 * @returns Their ids, without its own.
 */
export function datasetsOfSameRows(datasets: readonly Related[], datasetId: string): Set<string> {
  const linked = new Map<string, Set<string>>();
  const link = (a: string, b: string) => {
    for (const [from, to] of [
      [a, b],
      [b, a],
    ] as const) {
      linked.set(from, (linked.get(from) ?? new Set()).add(to));
    }
  };
  for (const { datasetId: id, parents = [], source } of datasets) {
    for (const parent of parents) link(id, parent.datasetId);
    // Bytes are no dataset: they only tie together those that were made of them.
    link(id, source.sha256);
  }
  const found = new Set([datasetId]);
  for (const id of found) for (const next of linked.get(id) ?? []) found.add(next);
  return new Set([...found].filter((id) => id !== datasetId && id.startsWith('ds-')));
}
