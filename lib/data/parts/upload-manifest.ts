import * as z from 'zod';
import { digest } from '../../shared/digest.ts';

/*
 * An upload of many files. They lie in a folder, and an object beside it, written last, says which of them are meant and in
 * which order:
 *
 *   incoming/<model>/june.parts/a.csv
 *   incoming/<model>/june.parts/b.csv
 *   incoming/<model>/june.manifest.json     {"parts": [{"name": "a.csv"}, {"name": "b.csv"}]}
 */

const suffix = '.manifest.json';

/** A name for each file is kept in documents of one state, and each is a call of a function. */
export const mostParts = 1000;

/** A manifest names files, and holds no rows. */
export const largestManifestBytes = 1 << 20;

export const uploadManifest = z.strictObject({
  parts: z
    .array(z.strictObject({ name: z.string().min(1), sha256: digest.optional() }))
    .min(1)
    .max(mostParts),
});
export type UploadManifest = z.infer<typeof uploadManifest>;

/** Whether an upload is many files, by its key. */
export function isUploadManifest(key: string): boolean {
  return /^incoming\/[^/]+\/[^/]+\.manifest\.json$/.test(key);
}

/** Whether an object is a file of an upload of many: it begins no run by itself. */
export function isPartOfUpload(key: string): boolean {
  return /^incoming\/[^/]+\/[^/]+\.parts\//.test(key);
}

/** Where the files of a manifest lie. */
export function partsFolder(manifestKey: string): string {
  return `${manifestKey.slice(0, -suffix.length)}.parts/`;
}

export function manifestKeyOf(folder: string): string {
  return `${folder.replace(/\.parts\/$/, '')}${suffix}`;
}

/** What an upload of many files is called. */
export function uploadName(manifestKey: string): string {
  return manifestKey.slice(manifestKey.lastIndexOf('/') + 1, -suffix.length);
}
