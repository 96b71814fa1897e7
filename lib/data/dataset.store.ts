import type { S3Client } from '@aws-sdk/client-s3';
import { copyObject } from '../shared/copy-object.store.ts';
import { requireDigest, sha256 } from '../shared/digest.ts';
import { EvergreenError } from '../shared/errors.ts';
import { downloadFile, type LocalFile, putFile } from '../shared/local-file.store.ts';
import { readBytes, readDocument, readRequiredBytes, writeObject } from '../shared/objects.ts';
import {
  type DatasetManifest,
  type DatasetProfile,
  datasetKey,
  datasetManifest,
  datasetProfile,
  goldenRows,
  type Row,
} from './dataset.ts';

/** Where the files of one dataset lie. */
export interface DatasetPlace {
  bucket: string;
  model: string;
  datasetId: string;
}

/** Contents of the files that every validation leaves. */
export interface ReportFiles {
  report: string;
  page: string;
  /** Null when no row was kept out. */
  quarantine: string | null;
}

/** A file that lies in the bucket already and is copied to its place. */
export interface LyingFile {
  lies: string;
  sha256: string;
  bytes: number;
}

/** Contents of the files that only an accepted dataset has. */
export interface DatasetFiles {
  train: LocalFile | LyingFile;
  test: LocalFile | LyingFile;
  golden: string;
  profile: string;
}

type WrittenFile = DatasetManifest['files']['train'];

const contentTypes: Record<string, string> = {
  json: 'application/json',
  jsonl: 'application/x-ndjson',
  html: 'text/html; charset=utf-8',
  parquet: 'application/vnd.apache.parquet',
};

/** The dataset's manifest, or undefined while there is none and so no dataset. */
export async function readManifest(s3: S3Client, place: DatasetPlace): Promise<DatasetManifest | undefined> {
  const location = { bucket: place.bucket, key: datasetKey(place.model, place.datasetId, 'manifest.json') };
  if ((await readBytes(s3, location)) === undefined) return undefined;
  return readDocument(s3, location, datasetManifest);
}

/** The profile of a dataset, or null when it is no longer kept. */
export async function readProfile(s3: S3Client, place: DatasetPlace): Promise<DatasetProfile | null> {
  const location = { bucket: place.bucket, key: datasetKey(place.model, place.datasetId, 'profile.json') };
  if ((await readBytes(s3, location)) === undefined) return null;
  return readDocument(s3, location, datasetProfile);
}

/** @throws EvergreenError `artifact-missing`, or `artifact-damaged` when a file is not the one that the manifest names. */
export async function readGoldenFile(
  s3: S3Client,
  { bucket, key }: { bucket: string; key: string },
): Promise<Row[]> {
  const { files } = await readDocument(s3, { bucket, key }, datasetManifest);
  const golden = await readChecked(s3, bucket, files.golden);
  return goldenRows.parse(JSON.parse(new TextDecoder().decode(golden))).rows;
}

/**
 * Copies one file of a dataset to the disk; it may be larger than memory.
 *
 * @throws EvergreenError `artifact-missing`, `service-unavailable`, or `artifact-damaged` when it is not the one that the
 *   manifest names.
 */
export async function downloadDatasetFile(
  s3: S3Client,
  { bucket, key }: { bucket: string; key: string },
  name: 'train' | 'test',
  path: string,
): Promise<void> {
  const { files } = await readDocument(s3, { bucket, key }, datasetManifest);
  const file = files[name];
  const { sha256: found } = await downloadFile(s3, { bucket, key: file.key }, path);
  if (found === file.sha256) return;
  throw new EvergreenError(
    'artifact-damaged',
    `${file.key} has the digest ${found} instead of ${file.sha256}`,
  );
}

/**
 * The bytes of one file of a dataset.
 *
 * @throws EvergreenError `artifact-missing`, or `artifact-damaged` when it is not the one that the manifest names.
 */
export async function readDatasetFile(
  s3: S3Client,
  { bucket, key }: { bucket: string; key: string },
  name: 'train' | 'test',
): Promise<Uint8Array> {
  const { files } = await readDocument(s3, { bucket, key }, datasetManifest);
  return readChecked(s3, bucket, files[name]);
}

async function readChecked(s3: S3Client, bucket: string, file: WrittenFile): Promise<Uint8Array> {
  const bytes = await readRequiredBytes(s3, { bucket, key: file.key });
  requireDigest(bytes, file.sha256, file.key);
  return bytes;
}

export async function writeReport(
  s3: S3Client,
  place: DatasetPlace,
  { report, page, quarantine }: ReportFiles,
): Promise<{ report: WrittenFile; quarantine: WrittenFile | null }> {
  const [written, , keptOut] = await Promise.all([
    writeFile(s3, place, 'report.json', report),
    writeFile(s3, place, 'report.html', page),
    quarantine === null ? null : writeFile(s3, place, 'quarantine.jsonl', quarantine),
  ]);
  return { report: written, quarantine: keptOut };
}

/** Writes all files, then the manifest: until that one is there nobody takes the others for a dataset. */
export async function writeDataset(
  s3: S3Client,
  place: DatasetPlace,
  reports: ReportFiles,
  files: DatasetFiles,
  about: Omit<DatasetManifest, 'schema' | 'files'>,
): Promise<DatasetManifest> {
  const [train, test, golden, profile, reported] = await Promise.all([
    writeFile(s3, place, 'train.parquet', files.train),
    writeFile(s3, place, 'test.parquet', files.test),
    writeFile(s3, place, 'golden.json', files.golden),
    writeFile(s3, place, 'profile.json', files.profile),
    writeReport(s3, place, reports),
  ]);
  const manifest: DatasetManifest = {
    schema: 'evergreen/dataset/v1',
    ...about,
    files: { train, test, golden, profile, ...reported },
  };
  await writeFile(s3, place, 'manifest.json', JSON.stringify(datasetManifest.parse(manifest)));
  return manifest;
}

async function writeFile(
  s3: S3Client,
  place: DatasetPlace,
  name: string,
  content: string | LocalFile | LyingFile,
): Promise<WrittenFile> {
  const key = datasetKey(place.model, place.datasetId, name);
  const contentType = contentTypes[name.slice(name.lastIndexOf('.') + 1)] ?? 'application/octet-stream';
  const { bucket } = place;
  if (typeof content === 'string') {
    const bytes = Buffer.from(content);
    await writeObject(s3, { bucket, key }, bytes, contentType);
    return { key, sha256: sha256(bytes), bytes: bytes.length };
  }
  if ('path' in content) await putFile(s3, { bucket, key }, content, contentType);
  else await copyObject(s3, { bucket, from: content.lies, to: key, bytes: content.bytes, contentType });
  return { key, sha256: content.sha256, bytes: content.bytes };
}
