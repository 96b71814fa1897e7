import * as z from 'zod';
import { datasetIdOf, datasetKey, datasetManifest } from '../../data/dataset.ts';
import { epsilonLedger } from '../../data/privacy/epsilon-ledger.ts';
import { packagePrefixOf } from '../../inference/package.ts';
import { modelVersion, versionOrigin } from '../../registry/registry.ts';
import { digest } from '../../shared/digest.ts';
import { EvergreenError, messageOf } from '../../shared/errors.ts';

/*
 * What `evergreen data export` writes, as a folder or as one tar file:
 *
 *   manifest.json       what there is, and what it was; its own SHA-256 is what the command prints
 *   objects/<sha256>    the objects, each by its content: no name of an upload becomes the name of a file
 */

export const manifestFile = 'manifest.json';
export const objectFile = (sha256: string) => `objects/${sha256}`;

const datasetId = z.string().regex(/^ds-[0-9a-f]{16}$/);

export const transferManifest = z.object({
  schema: z.literal('evergreen/data-export/v1'),
  model: z.string(),
  from: versionOrigin.omit({ version: true }),
  exportedAt: z.iso.datetime(),
  exportedBy: z.string(),
  /** Oldest first: a dataset comes after those it was made from. */
  datasets: z
    .array(
      z.object({
        manifest: datasetManifest.extend({ datasetId }),
        /** report.html */
        page: digest.nullable(),
        /** What it was validated by. */
        definition: digest,
        /** Which labels a retrain took. */
        retrainRecord: digest.nullable(),
        /** What publishing has spent of it: a copy has no more to spend. */
        ledger: epsilonLedger.nullable(),
      }),
    )
    .min(1),
  /** Versions that learned from these datasets, by number. */
  versions: z.array(z.object({ version: modelVersion, signature: digest })),
  /** What the keys that features are hashed with make of some words, by the names of the keys. */
  hashChecks: z.record(z.string(), digest),
  /** Public half of the key that signed them. */
  signingKey: digest,
  /** `what` is the key that an object had; the upload of a dataset is missing when it is not kept any more. */
  objects: z.array(z.object({ sha256: digest, bytes: z.int().min(0), what: z.string() })),
});
export type TransferManifest = z.infer<typeof transferManifest>;
export type TransferDataset = TransferManifest['datasets'][number];

/**
 * Reads the manifest of an export, and holds it against itself: what it names decides which keys are written.
 *
 * @throws EvergreenError `archive-damaged`.
 */
export function parseTransferManifest(text: string): TransferManifest {
  let parsed: TransferManifest;
  try {
    parsed = transferManifest.parse(JSON.parse(text));
  } catch (cause) {
    const why = cause instanceof z.ZodError ? z.prettifyError(cause) : messageOf(cause);
    throw archiveDamaged(`${manifestFile} is not that of an export: ${why}`, cause);
  }
  const { model, datasets, versions } = parsed;
  const ids = new Set(datasets.map(({ manifest }) => manifest.datasetId));
  for (const { manifest } of datasets) {
    const { source, definitionDigest, datasetId: id, files } = manifest;
    const isOwn = manifest.model === model && datasetIdOf(source.sha256, definitionDigest) === id;
    const places = Object.values(files).flatMap((file) => (file ? [file.key] : []));
    const areOwn = places.every((key) => fileNames.some((name) => key === datasetKey(model, id, name)));
    if (!isOwn || !areOwn) {
      throw archiveDamaged(`${manifestFile} says of dataset ${id} what does not fit together`);
    }
  }
  for (const { version } of versions) {
    const { packageDigest, packagePrefix, lineage, version: number } = version;
    const isOwn = version.model === model && packagePrefix === packagePrefixOf(model, packageDigest);
    if (!isOwn || !ids.has(lineage.datasetId)) {
      throw archiveDamaged(`${manifestFile} says of version ${number} what does not fit together`);
    }
  }
  return parsed;
}

const fileNames = [
  'train.parquet',
  'test.parquet',
  'golden.json',
  'profile.json',
  'report.json',
  'quarantine.jsonl',
];

export function archiveDamaged(message: string, cause?: unknown): EvergreenError {
  return new EvergreenError('archive-damaged', message, cause === undefined ? {} : { cause });
}
