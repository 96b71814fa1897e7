import * as z from 'zod';
import { signatureKeyOf, trustedKey } from '../registry/model-signature.ts';
import { type Live, type LiveVersion, live, neverLive, packageManifest } from '../registry/registry.ts';
import { requireDigest } from '../shared/digest.ts';
import { EvergreenError, messageOf } from '../shared/errors.ts';
import type { ModelSource } from './live-models.ts';
import { openPackage, type ReadObject } from './package.ts';

/*
 * What `evergreen export` writes, into a folder or below a prefix of S3: the objects of the model bucket under their own
 * keys, and beside them what the registry and KMS say of them.
 *
 *   export.json                       which models
 *   live/<model>.json                 what takes traffic of each; written last
 *   packages/<model>/<digest>/…
 *   signatures/<model>/<digest>.sig
 *   signing-key.der                   public half of the key that made the signatures
 */

export const exportIndex = z.object({
  schema: z.literal('evergreen/export/v1'),
  models: z.array(z.string()).min(1),
});
export type ExportIndex = z.infer<typeof exportIndex>;

export const indexFile = 'export.json';
export const keyFile = 'signing-key.der';
export const liveFile = (model: string) => `live/${model}.json`;

async function readAs<Schema extends z.ZodType>(
  read: ReadObject,
  key: string,
  schema: Schema,
): Promise<z.infer<Schema>> {
  const bytes = await read(key);
  try {
    return schema.parse(JSON.parse(new TextDecoder().decode(bytes)));
  } catch (cause) {
    throw new EvergreenError('artifact-damaged', `${key} is not as it should be: ${messageOf(cause)}`, {
      cause,
    });
  }
}

/**
 * Serves an export. What is live is read anew by and by, so that exporting again into the same place takes effect.
 *
 * @param trusted The key whose signatures count, as SubjectPublicKeyInfo. @default - the one that lies in the export
 * @throws EvergreenError `artifact-missing` or `artifact-damaged` when there is no export.
 */
export async function exportedModels(read: ReadObject, trusted?: Uint8Array): Promise<ModelSource> {
  const { models } = await readAs(read, indexFile, exportIndex);
  const key = trustedKey(trusted ?? (await read(keyFile)));
  return {
    modelNames: models,
    readLive: (model) => readAs(read, liveFile(model), live),
    open: (reference, makeRoom) => openPackage(reference, read, async () => key, makeRoom),
  };
}

export interface ExportParts {
  /** Reads the model bucket. */
  read: ReadObject;
  /** Signing key of the deployment, as SubjectPublicKeyInfo. */
  signingKey: Uint8Array;
  /** Writes into the export; whoever reads it meanwhile sees each file whole. */
  write(key: string, bytes: Uint8Array): Promise<void>;
  /** The export's index so far; undefined when there is none. */
  readIndex(): Promise<Uint8Array | undefined>;
}

/**
 * Writes a version, held against its signature first, so that it is served as champion wherever the export is taken.
 * Other models of the export stay.
 *
 * @returns Number of files of the package.
 * @throws EvergreenError as openPackage does.
 */
export async function exportVersion(
  parts: ExportParts,
  model: string,
  version: LiveVersion,
  at: string,
): Promise<number> {
  const { read, signingKey, write, readIndex } = parts;
  const opened = await openPackage(version, read, async () => trustedKey(signingKey));
  await opened.session.release();
  const { packagePrefix } = version;
  const manifestBytes = await read(`${packagePrefix}manifest.json`);
  const { files } = packageManifest.parse(JSON.parse(new TextDecoder().decode(manifestBytes)));
  for (const [name, { sha256 }] of Object.entries(files)) {
    const bytes = await read(packagePrefix + name);
    requireDigest(bytes, sha256, packagePrefix + name);
    await write(packagePrefix + name, bytes);
  }
  await write(`${packagePrefix}manifest.json`, manifestBytes);
  await write(signatureKeyOf(packagePrefix), await read(signatureKeyOf(packagePrefix)));
  await write(keyFile, signingKey);
  const known = await readIndex();
  const models = known ? exportIndex.parse(JSON.parse(new TextDecoder().decode(known))).models : [];
  const document = (value: Live | ExportIndex) =>
    new TextEncoder().encode(`${JSON.stringify(value, null, 2)}\n`);
  await write(liveFile(model), document({ ...neverLive(model, at), champion: version }));
  await write(
    indexFile,
    document({ schema: 'evergreen/export/v1', models: [...new Set([...models, model])].sort() }),
  );
  return Object.keys(files).length + 1;
}
