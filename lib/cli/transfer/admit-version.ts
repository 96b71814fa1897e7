import { fileURLToPath } from 'node:url';
import { admitModel } from '../../inference/admission.ts';
import { tryModel } from '../../inference/trial.ts';
import { deployedModel } from '../../model/deployed-model.ts';
import { requireSignature, trustedKey } from '../../registry/model-signature.ts';
import { parseManifest } from '../../registry/sign-package.ts';
import { requireDigest } from '../../shared/digest.ts';
import { messageOf } from '../../shared/errors.ts';
import { goldenAnswers } from '../../training/model-package.ts';
import type { Transfer } from './read-transfer.ts';
import { archiveDamaged, type TransferManifest } from './transfer-manifest.ts';

const trialWorker = fileURLToPath(
  new URL('../../../lambdas/evaluate-candidate/trial-worker.ts', import.meta.url),
);

/** A file of a package as it is written where it is imported; the manifest is the last of them. */
export interface PackageFile {
  name: string;
  sha256: string;
}

/**
 * Holds a version of an export against its digests and the signature it had, admits its model as a candidate of a run is
 * admitted, and lets it answer its golden rows in a process of its own.
 *
 * @returns The files of its package.
 * @throws EvergreenError `archive-damaged`, `artifact-damaged`, `signature-untrusted`, `model-inadmissible`,
 *   `golden-mismatch`, `model-failed`.
 */
export async function admitVersion(
  transfer: Transfer,
  { version, signature }: TransferManifest['versions'][number],
): Promise<PackageFile[]> {
  const { packageDigest, packagePrefix, modelDigest, model } = version;
  const manifestKey = `${packagePrefix}manifest.json`;
  const manifest = parseManifest(await transfer.read(packageDigest, manifestKey), manifestKey);
  const der = await transfer.read(transfer.manifest.signingKey, 'signing-key.der');
  const what = `the signature of version ${version.version}`;
  requireSignature(await transfer.read(signature, what), keyOf(der), manifest, packageDigest, what);
  if (manifest.model !== model)
    throw archiveDamaged(`${manifestKey} is of ${manifest.model}, not of ${model}`);
  const files = Object.entries(manifest.files).map(([name, { sha256 }]) => ({ name, sha256 }));
  for (const { name, sha256 } of files) {
    // It becomes part of a key.
    if (!/^[A-Za-z0-9_-][A-Za-z0-9._-]*$/.test(name))
      throw archiveDamaged(`${manifestKey} names a file ${name}`);
    transfer.file(sha256, packagePrefix + name);
  }
  const read = async (name: string) => {
    const digest = manifest.files[name]?.sha256;
    if (digest === undefined) throw archiveDamaged(`${manifestKey} does not name ${name}`);
    return transfer.read(digest, packagePrefix + name);
  };
  const bytes = await read('model.onnx');
  requireDigest(bytes, modelDigest, `${packagePrefix}model.onnx`);
  const { definition } = parse(await read('definition.json'), 'definition.json', deployedModel);
  const golden = parse(await read('golden.json'), 'golden.json', goldenAnswers);
  if (definition.name !== model) {
    throw archiveDamaged(`${packagePrefix}definition.json is of ${definition.name}, not of ${model}`);
  }
  admitModel(bytes, definition);
  await tryModel({ model: bytes, modelDigest, definition, golden }, trialWorker);
  return [...files, { name: 'manifest.json', sha256: packageDigest }];
}

function keyOf(der: Uint8Array) {
  try {
    return trustedKey(der);
  } catch (cause) {
    throw archiveDamaged(`signing-key.der is no public key: ${messageOf(cause)}`, cause);
  }
}

function parse<Output>(bytes: Uint8Array, what: string, schema: { parse(value: unknown): Output }): Output {
  try {
    return schema.parse(JSON.parse(new TextDecoder().decode(bytes)));
  } catch (cause) {
    throw archiveDamaged(`${what} is not the document it should be: ${messageOf(cause)}`, cause);
  }
}
