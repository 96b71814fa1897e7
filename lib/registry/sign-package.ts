import { requireDigest } from '../shared/digest.ts';
import { EvergreenError, messageOf } from '../shared/errors.ts';
import { signatureKeyOf } from './model-signature.ts';
import { type ModelVersion, type PackageManifest, packageManifest } from './registry.ts';

export interface SigningParts {
  read(key: string): Promise<Uint8Array>;
  sign(manifest: PackageManifest, packageDigest: string): Promise<string>;
  write(key: string, bundle: string): Promise<void>;
}

/**
 * Signs the package of a version that is about to be registered: the one that evaluation judged, and no other that may
 * lie in its place by now.
 *
 * @throws EvergreenError `artifact-missing`, `artifact-damaged` or `signing-key-unavailable`.
 */
export async function signPackage(
  { read, sign, write }: SigningParts,
  { model, packagePrefix, packageDigest }: Pick<ModelVersion, 'model' | 'packagePrefix' | 'packageDigest'>,
): Promise<void> {
  const key = `${packagePrefix}manifest.json`;
  const bytes = await read(key);
  requireDigest(bytes, packageDigest, key);
  const manifest = parseManifest(bytes, key);
  if (manifest.model !== model) {
    throw new EvergreenError('artifact-damaged', `${key} is of ${manifest.model} instead of ${model}`);
  }
  await write(signatureKeyOf(packagePrefix), await sign(manifest, packageDigest));
}

export function parseManifest(bytes: Uint8Array, key: string): PackageManifest {
  try {
    return packageManifest.parse(JSON.parse(new TextDecoder().decode(bytes)));
  } catch (cause) {
    throw new EvergreenError('artifact-damaged', `${key} is no manifest: ${messageOf(cause)}`, { cause });
  }
}
