import { createPublicKey } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join, normalize, sep } from 'node:path';
import { exportedModels } from '../inference/export.ts';
import type { ModelSource } from '../inference/live-models.ts';
import { awsModelSource } from '../inference/model-source.store.ts';
import { packageReader } from '../inference/package.store.ts';
import type { ReadObject } from '../inference/package.ts';
import { SigningKey } from '../registry/signing-key.store.ts';
import { documentClient, kmsClient, s3Client } from '../shared/clients.ts';
import { EvergreenError } from '../shared/errors.ts';
import type { ServerSettings } from './settings.ts';

/** Reads files of a folder, and none outside it, whatever a document in it names. */
export function folderReader(folder: string): ReadObject {
  return async (key) => {
    const path = normalize(key);
    if (path.startsWith('..') || path.startsWith(sep)) {
      throw new EvergreenError('artifact-missing', `${key} lies outside the export`);
    }
    try {
      return await readFile(join(folder, path));
    } catch (cause) {
      throw new EvergreenError('artifact-missing', `there is no ${key} in ${folder}`, { cause });
    }
  };
}

/** A public key in PEM or DER, as SubjectPublicKeyInfo in DER. */
async function readPublicKey(file: string): Promise<Uint8Array> {
  const bytes = await readFile(file);
  const isPem = bytes.subarray(0, 5).toString('latin1') === '-----';
  const key = isPem ? createPublicKey(bytes) : createPublicKey({ key: bytes, format: 'der', type: 'spki' });
  return key.export({ format: 'der', type: 'spki' });
}

/** Where a server's models come from. */
export async function modelSourceOf({ source, trustFile }: ServerSettings): Promise<ModelSource> {
  const trusted = trustFile === undefined ? undefined : await readPublicKey(trustFile);
  switch (source.kind) {
    case 'folder':
      return exportedModels(folderReader(source.path), trusted);
    case 's3': {
      const read = packageReader(s3Client(), source.bucket);
      return exportedModels((key) => read(source.prefix + key), trusted);
    }
    case 'registry': {
      const key = new SigningKey(kmsClient(), source.signingKey);
      return awsModelSource({
        documents: documentClient(),
        s3: s3Client(),
        registryTable: source.registryTable,
        modelBucket: source.modelBucket,
        modelNames: source.modelNames,
        trust: () => key.trusted(),
      });
    }
  }
}
