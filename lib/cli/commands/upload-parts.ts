import { globSync, readdirSync, statSync } from 'node:fs';
import { basename, join, relative, resolve, sep } from 'node:path';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import * as z from 'zod';
import type { LocalPart } from '../../data/parts/join-local-parts.duckdb.ts';
import {
  manifestKeyOf,
  mostParts,
  partsFolder,
  type UploadManifest,
  uploadManifest,
} from '../../data/parts/upload-manifest.ts';
import { forceMetadata } from '../../data/source.store.ts';
import { formatOf } from '../../model/source-format.ts';
import { sha256 } from '../../shared/digest.ts';
import { EvergreenError } from '../../shared/errors.ts';
import type { Connection } from '../connection.ts';
import type { Context } from '../context.ts';
import { readNamedFile } from '../row-files.ts';
import { existingVersion, type Uploaded, type UploadWish, uploadKey } from '../upload-file.ts';

/** The files that are meant, and what they are called together when they are more than one. */
export interface NamedFiles {
  files: readonly string[];
  together: string | null;
  /** Of a manifest: what it says of each of the files, in their order. */
  manifest?: UploadManifest['parts'];
}

/**
 * What a person named: a file, several, a folder, a manifest with its folder beside it, or a pattern that the shell left
 * as it is.
 *
 * @throws EvergreenError `file-unreadable` when nothing is there or a manifest is none, `usage-invalid` when a folder holds
 *   something else.
 */
export function namedFiles(paths: readonly string[]): NamedFiles {
  const [only = ''] = paths;
  if (paths.length === 1 && isFolder(only))
    return { files: filesOf(only), together: basename(resolve(only)) };
  if (paths.length === 1 && only.endsWith('.manifest.json')) return filesOfManifest(only);
  const files = paths.flatMap((path) => (isPattern(path) ? matchesOf(path) : [path]));
  if (files.length === 1) return { files, together: null };
  const folder = paths.find((path) => isFolder(path));
  if (folder !== undefined) {
    throw new EvergreenError('usage-invalid', `${folder} is a folder; name it alone, or name files`);
  }
  return { files, together: basename(files[0] ?? '').replace(/\.[^.]*(\.gz)?$/, '') };
}

const isFolder = (path: string) => statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
const isPattern = (path: string) =>
  /[*?[]/.test(path) && statSync(path, { throwIfNoEntry: false }) === undefined;

function matchesOf(pattern: string): string[] {
  const found = globSync(pattern).sort();
  if (found.length > 0) return found;
  throw new EvergreenError('file-unreadable', `no file is named like ${pattern}`);
}

function filesOf(folder: string): string[] {
  // What programs leave beside their files, such as _SUCCESS and .DS_Store.
  const names = readdirSync(folder).filter((name) => !/^[._]/.test(name));
  const odd = names.find((name) => formatOf(name) === undefined || isFolder(join(folder, name)));
  if (odd !== undefined) {
    throw new EvergreenError(
      'usage-invalid',
      `${join(folder, odd)} is no CSV, Parquet or JSON lines by its name; move it out of the folder, or name the files`,
    );
  }
  if (names.length > 0) return names.sort().map((name) => join(folder, name));
  throw new EvergreenError('file-unreadable', `the folder ${folder} holds no file to upload`);
}

/** A manifest lies beside the folder of its files, here as in the bucket. */
function filesOfManifest(path: string): NamedFiles {
  let document: unknown;
  try {
    document = JSON.parse(readNamedFile(path).toString('utf8'));
  } catch (thrown) {
    if (thrown instanceof EvergreenError) throw thrown;
    throw new EvergreenError('file-unreadable', `${path} is not JSON; write {"parts": [{"name": "a.csv"}]}`, {
      cause: thrown,
    });
  }
  const manifest = uploadManifest.safeParse(document);
  if (!manifest.success) {
    throw new EvergreenError(
      'file-unreadable',
      `${path} does not fit (${z.prettifyError(manifest.error).split('\n')[0]?.replace(/^\W+/, '')}); write {"parts": [{"name": "a.csv"}]} with 1 to ${mostParts} files`,
    );
  }
  const folder = partsFolder(path);
  const outside = manifest.data.parts.find(
    ({ name }) => !resolve(folder, name).startsWith(resolve(folder) + sep),
  );
  if (outside) {
    throw new EvergreenError('file-unreadable', `${path} names ${outside.name}, which is not in ${folder}`);
  }
  return {
    files: manifest.data.parts.map(({ name }) => join(folder, name)),
    together: basename(path).replace(/\.manifest\.json$/, ''),
    manifest: manifest.data.parts,
  };
}

/**
 * Files with the names they have in an upload.
 *
 * @throws EvergreenError `usage-invalid` when they are too many, or two have one name.
 */
export function partsOf({ files, manifest }: Pick<NamedFiles, 'files' | 'manifest'>): LocalPart[] {
  if (files.length > mostParts) {
    throw new EvergreenError(
      'usage-invalid',
      `${files.length} files are too many for one upload; at most ${mostParts} are read: join some`,
    );
  }
  const parts = files.map((file, at) => ({ file, name: partName(file), sha256: manifest?.[at]?.sha256 }));
  for (const [at, { file, name }] of parts.entries()) {
    const twin = parts.findIndex((other) => other.name === name);
    if (twin === at) continue;
    throw new EvergreenError(
      'usage-invalid',
      `${file} and ${files[twin]} would both be called ${name}; rename one`,
    );
  }
  return parts;
}

/** What is sent: a file that changed since its manifest was written is not what is meant. */
function digested({ file, name, sha256: stated }: LocalPart): { file: string; name: string; sha256: string } {
  const found = sha256(readNamedFile(file));
  if (stated === undefined || stated === found) return { file, name, sha256: found };
  throw new EvergreenError(
    'file-unreadable',
    `${file} has the digest ${found}, and the manifest says ${stated}; write the manifest again`,
  );
}

/**
 * Puts many files and then the manifest, which begins one run for all; what is there already is not sent again.
 *
 * @throws EvergreenError `usage-invalid`, `file-unreadable`.
 */
export async function uploadParts(
  connection: Connection,
  model: string,
  { together, ...named }: NamedFiles & { together: string },
  { force = false }: Pick<UploadWish, 'force'>,
  progress: Context['progress'],
): Promise<Uploaded & { files: number }> {
  const { s3, outputs } = connection;
  const Bucket = outputs.DataBucket;
  const parts = partsOf(named).map(digested);
  const manifest: UploadManifest = {
    parts: parts.map(({ name, sha256: digest }) => ({ name, sha256: digest })),
  };
  const body = JSON.stringify(manifest);
  const digest = sha256(body);
  const folder = `${uploadKey(model, together, digest)}.parts/`;
  const key = manifestKeyOf(folder);
  const facts = { key, sha256: digest, bytes: body.length, files: parts.length };
  const before = force ? undefined : await existingVersion(connection, key, digest);
  if (before !== undefined) return { ...facts, versionId: before, uploaded: false };
  for (const [at, part] of parts.entries()) {
    progress({ kind: 'step', text: `uploading ${part.name}, ${at + 1} of ${parts.length}` });
    const Key = folder + part.name;
    if ((await existingVersion(connection, Key, part.sha256)) !== undefined) continue;
    const content = readNamedFile(part.file);
    await s3.send(
      new PutObjectCommand({
        Bucket,
        Key,
        Body: content,
        Metadata: { sha256: part.sha256 },
        // S3 refuses bytes that changed on the way, or that are not those the manifest will name.
        ChecksumSHA256: Buffer.from(part.sha256, 'hex').toString('base64'),
      }),
    );
  }
  const { VersionId } = await s3.send(
    new PutObjectCommand({
      Bucket,
      Key: key,
      Body: body,
      ContentType: 'application/json',
      Metadata: { sha256: digest, ...(force ? { [forceMetadata.name]: forceMetadata.value } : {}) },
    }),
  );
  return { ...facts, versionId: VersionId ?? null, uploaded: true };
}

/** A file's name as part of a key, without the mark of its bytes. */
function partName(file: string): string {
  return uploadKey('', file, '').replace(/^incoming\/\/-/, '');
}

/** How files are told to a person. */
export function toldFiles(files: readonly string[]): string {
  const [only = ''] = files;
  return files.length === 1 ? relative('', only) || only : `${files.length} files`;
}
