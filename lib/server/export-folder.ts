import { createPublicKey } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join, normalize, sep } from 'node:path';
import type { ReadObject } from '../inference/package.ts';
import { EvergreenError, messageOf } from '../shared/errors.ts';

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

/**
 * A public key in PEM or DER, as SubjectPublicKeyInfo in DER.
 *
 * @throws EvergreenError `file-unreadable`.
 */
export async function readPublicKey(file: string): Promise<Uint8Array> {
  try {
    const bytes = await readFile(file);
    const isPem = bytes.subarray(0, 5).toString('latin1') === '-----';
    const key = isPem ? createPublicKey(bytes) : createPublicKey({ key: bytes, format: 'der', type: 'spki' });
    return key.export({ format: 'der', type: 'spki' });
  } catch (cause) {
    throw new EvergreenError(
      'file-unreadable',
      `${file} holds no public key in PEM or DER: ${messageOf(cause)}`,
      { cause },
    );
  }
}
