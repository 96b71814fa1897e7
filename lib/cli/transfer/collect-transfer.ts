import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type DatasetManifest, datasetKey } from '../../data/dataset.ts';
import { readWholeLedger } from '../../data/privacy/epsilon-ledger.store.ts';
import { hashKeyReader } from '../../data/privacy/hash-key.store.ts';
import { datasetsOfSameRows } from '../../data/privacy/shared-rows.ts';
import { downloadSource } from '../../data/source.store.ts';
import { definitionKey, deployedModel } from '../../model/deployed-model.ts';
import { signatureKeyOf } from '../../registry/model-signature.ts';
import type { ModelVersion } from '../../registry/registry.ts';
import { parseManifest } from '../../registry/sign-package.ts';
import { SigningKey } from '../../registry/signing-key.store.ts';
import { recordKeyOf } from '../../remediation/retrain-rows.ts';
import { requireDigest, sha256 } from '../../shared/digest.ts';
import { EvergreenError } from '../../shared/errors.ts';
import { readBytes, readDocument, readRequiredBytes } from '../../shared/objects.ts';
import type { Connection } from '../connection.ts';
import { hashChecksOf } from './hash-checks.ts';
import { objectFile, type TransferDataset, type TransferManifest } from './transfer-manifest.ts';

export type TransferSource = Pick<Connection, 's3' | 'kms' | 'registry' | 'outputs' | 'stack'>;

type Objects = Map<string, TransferManifest['objects'][number]>;

/** Puts objects into the folder of an export, each once. */
class ObjectFolder {
  readonly objects: Objects = new Map();
  readonly #folder: string;
  readonly #s3: TransferSource['s3'];
  readonly #told: (what: string) => void;

  constructor(folder: string, s3: TransferSource['s3'], told: (what: string) => void) {
    this.#folder = folder;
    this.#s3 = s3;
    this.#told = told;
  }

  /** @throws EvergreenError `artifact-missing`, or `artifact-damaged` when it has another digest. */
  async keep(bucket: string, key: string, expected?: string): Promise<string> {
    return sha256(await this.keepAndRead(bucket, key, expected));
  }

  async keepAndRead(bucket: string, key: string, expected?: string): Promise<Uint8Array> {
    this.#told(key);
    const bytes = await readRequiredBytes(this.#s3, { bucket, key });
    this.keepBytes(bytes, key, expected);
    return bytes;
  }

  async keepIfThere(bucket: string, key: string): Promise<string | null> {
    const bytes = await readBytes(this.#s3, { bucket, key });
    return bytes === undefined ? null : this.keepBytes(bytes, key);
  }

  keepBytes(bytes: Uint8Array, what: string, expected?: string): string {
    if (expected !== undefined) requireDigest(bytes, expected, what);
    const digest = sha256(bytes);
    writeFileSync(join(this.#folder, objectFile(digest)), bytes);
    this.objects.set(digest, { sha256: digest, bytes: bytes.length, what });
    return digest;
  }

  /** The very version of an upload, unless it is not kept any more. */
  async keepUpload({ source }: DatasetManifest): Promise<void> {
    this.#told(source.key);
    const part = join(this.#folder, 'upload.part');
    try {
      const { sha256: digest, bytes } = await downloadSource(this.#s3, source, part, source.bytes);
      if (digest !== source.sha256) {
        throw new EvergreenError(
          'artifact-damaged',
          `${source.key} version ${source.versionId} is not the upload that its dataset was made of`,
        );
      }
      renameSync(part, join(this.#folder, objectFile(digest)));
      this.objects.set(digest, { sha256: digest, bytes, what: source.key });
    } catch (thrown) {
      if (!(thrown instanceof EvergreenError) || thrown.code !== 'upload-missing') throw thrown;
    }
  }
}

export interface ExportContent {
  model: string;
  datasets: readonly DatasetManifest[];
  /** All datasets of the model, with what they were made from. */
  related: readonly DatasetManifest[];
  who: string;
  at: string;
}

/**
 * Fills a folder with datasets and the versions that learned from them.
 *
 * @throws EvergreenError `artifact-missing` or `artifact-damaged` when something is not there as it was written: a copy
 *   of it would be worth nothing.
 */
export async function collectTransfer(
  { s3, kms, registry, outputs, stack }: TransferSource,
  wish: ExportContent,
  folder: string,
  told: (what: string) => void,
): Promise<TransferManifest> {
  const { model, datasets: wanted, who, at } = wish;
  const { DataBucket: bucket, ModelBucket: models } = outputs;
  const kept = new ObjectFolder(folder, s3, told);
  const datasets: TransferDataset[] = [];
  for (const manifest of wanted.toSorted((a, b) => a.createdAt.localeCompare(b.createdAt))) {
    const { datasetId, definitionDigest, source, files } = manifest;
    await kept.keepUpload(manifest);
    for (const file of Object.values(files)) if (file) await kept.keep(bucket, file.key, file.sha256);
    const recordKey = recordKeyOf(source.key);
    datasets.push({
      manifest,
      page: await kept.keepIfThere(bucket, datasetKey(model, datasetId, 'report.html')),
      definition: await kept.keep(bucket, definitionKey(model, definitionDigest)),
      retrainRecord: recordKey === undefined ? null : await kept.keepIfThere(bucket, recordKey),
      ledger:
        (await readWholeLedger(s3, bucket, manifest, datasetsOfSameRows(wish.related, datasetId))) ?? null,
    });
  }
  const ids = new Set(wanted.map(({ datasetId }) => datasetId));
  const versions = (await registry.listVersions(model)).filter(({ lineage }) => ids.has(lineage.datasetId));
  const { key, hint } = await new SigningKey(kms, outputs.SigningKeyArn).trusted();
  const signingKey = kept.keepBytes(key.export({ format: 'der', type: 'spki' }), 'signing-key.der');
  const packed: TransferManifest['versions'] = [];
  for (const version of versions.toSorted((a, b) => a.version - b.version)) {
    packed.push({ version, signature: await keepPackage(kept, models, version) });
  }
  const definitions = await Promise.all(
    [...new Set(wanted.map(({ definitionDigest }) => definitionDigest))].map((digest) =>
      readDocument(s3, { bucket, key: definitionKey(model, digest) }, deployedModel),
    ),
  );
  const hashChecks = await hashChecksOf(
    model,
    definitions.map(({ definition }) => definition),
    hashKeyReader(kms, outputs.HashKeyArn),
  );
  const [, , , region = '', account = ''] = outputs.SigningKeyArn.split(':');
  return {
    schema: 'evergreen/data-export/v1',
    model,
    from: { stack, region, account, signedBy: hint },
    exportedAt: at,
    exportedBy: who,
    datasets,
    versions: packed,
    hashChecks,
    signingKey,
    objects: [...kept.objects.values()],
  };
}

/** Keeps every file of a package; gives the digest of its signature. */
async function keepPackage(
  kept: ObjectFolder,
  models: string,
  { packagePrefix, packageDigest }: ModelVersion,
): Promise<string> {
  const key = `${packagePrefix}manifest.json`;
  const read = await kept.keepAndRead(models, key, packageDigest);
  const { files } = parseManifest(read, key);
  for (const [name, { sha256: digest }] of Object.entries(files)) {
    await kept.keep(models, packagePrefix + name, digest);
  }
  return kept.keep(models, signatureKeyOf(packagePrefix));
}
