import { hashKeyReader } from '../../data/privacy/hash-key.store.ts';
import type { Connection } from '../connection.ts';
import { requireModel } from '../stack-outputs.ts';
import { requireHashChecks } from './hash-checks.ts';
import { importDataset, refuseDestroyed } from './import-datasets.ts';
import { admitVersions, type ImportedVersion, importVersions } from './import-versions.ts';
import { withTransfer } from './read-transfer.ts';
import type { TransferManifest } from './transfer-manifest.ts';

export interface Imported {
  model: string;
  from: TransferManifest['from'];
  /** Of the manifest. */
  sha256: string;
  datasets: { datasetId: string; isNew: boolean; hasUpload: boolean }[];
  versions: ImportedVersion[];
}

/**
 * Takes in what `data export` wrote. All of it is checked before anything is written; then the datasets come, oldest
 * first, and the versions after them. Whatever is here already stays as it is, so the same import goes on after a crash.
 *
 * @param expected SHA-256 of the manifest, when it is known.
 * @throws EvergreenError `archive-damaged`, `dataset-destroyed`, `hash-key-differs`, `model-unknown`, `import-failed`, and what admission says.
 */
export async function importTransfer(
  target: Pick<Connection, 's3' | 'kms' | 'outputs' | 'registry' | 'lambda'>,
  place: string,
  { expected, who, told }: { expected: string | undefined; who: string; told: (what: string) => void },
): Promise<Imported> {
  told(`checking ${place}`);
  return withTransfer(place, expected, async (transfer) => {
    const { model, datasets, from } = transfer.manifest;
    requireModel(target.outputs, model);
    const readHashKey = hashKeyReader(target.kms, target.outputs.HashKeyArn);
    await requireHashChecks(model, transfer.manifest.hashChecks, readHashKey);
    await refuseDestroyed(target, model, datasets);
    const admitted = await admitVersions(target, transfer, told);
    const taken: Imported['datasets'] = [];
    for (const dataset of datasets) {
      const { datasetId, source } = dataset.manifest;
      told(`importing ${datasetId}`);
      const isNew = await importDataset(target, transfer, dataset);
      taken.push({ datasetId, isNew, hasUpload: transfer.has(source.sha256) });
    }
    told('registering versions');
    const versions = await importVersions(target, transfer, admitted, who);
    return { model, from, sha256: transfer.sha256, datasets: taken, versions };
  });
}
