import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { exportedModels, keyFile } from '../../inference/export.ts';
import type { ModelSource } from '../../inference/live-models.ts';
import { trustedKey } from '../../registry/model-signature.ts';
import { type LiveVersion, packageManifest } from '../../registry/registry.ts';
import { requireDigest } from '../../shared/digest.ts';
import { EvergreenError } from '../../shared/errors.ts';
import { folderReader, readPublicKey } from '../export-folder.ts';

export interface EdgeModels extends ModelSource {
  readonly modelNames: readonly string[];
  /** The package of a version that was loaded here. */
  packageDigestOf(version: Pick<LiveVersion, 'version' | 'modelDigest'>): string;
}

export interface VerifiedModel {
  model: string;
  version: number;
  packageDigest: string;
  /** SHA-256 of the key, in PEM, that made the signature. */
  signedBy: string;
  files: number;
}

const nameOf = ({ version, modelDigest }: Pick<LiveVersion, 'version' | 'modelDigest'>) =>
  `${version} ${modelDigest}`;

/** The models of an archive; each is held against its signature whenever it is loaded. */
export async function edgeModels(folder: string, trustFile: string | undefined): Promise<EdgeModels> {
  const trusted = trustFile === undefined ? undefined : await readPublicKey(trustFile);
  const source = await exportedModels(folderReader(folder), trusted);
  const digests = new Map<string, string>();
  return {
    modelNames: source.modelNames ?? [],
    readLive: (model) => source.readLive(model),
    open: (reference, makeRoom) => {
      digests.set(nameOf(reference), reference.packageDigest);
      return source.open(reference, makeRoom);
    },
    packageDigestOf(version) {
      const digest = digests.get(nameOf(version));
      if (digest !== undefined) return digest;
      throw new EvergreenError('internal', `version ${version.version} answered and was never loaded`);
    },
  };
}

/**
 * Holds every file of every package against its digest, the digests against the signature, and the golden rows against
 * the trainer's answers.
 *
 * @throws EvergreenError as openPackage does; the message names the file.
 */
export async function verifyModels(folder: string, trustFile: string | undefined): Promise<VerifiedModel[]> {
  const source = await edgeModels(folder, trustFile);
  const read = folderReader(folder);
  const key =
    trustFile === undefined ? await readFile(join(folder, keyFile)) : await readPublicKey(trustFile);
  const verified: VerifiedModel[] = [];
  for (const model of source.modelNames) {
    const champion = (await source.readLive(model))?.champion;
    if (!champion) throw new EvergreenError('artifact-damaged', `the archive holds no version of ${model}`);
    const { version, packagePrefix, packageDigest } = champion;
    const { session } = await source.open(champion);
    await session.release();
    const manifest = packageManifest.parse(
      JSON.parse(new TextDecoder().decode(await read(`${packagePrefix}manifest.json`))),
    );
    for (const [name, { sha256 }] of Object.entries(manifest.files)) {
      requireDigest(await read(packagePrefix + name), sha256, packagePrefix + name);
    }
    const files = Object.keys(manifest.files).length + 1;
    verified.push({ model, version, packageDigest, signedBy: trustedKey(key).hint, files });
  }
  return verified;
}
