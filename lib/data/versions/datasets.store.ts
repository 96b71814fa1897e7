import type { S3Client } from '@aws-sdk/client-s3';
import { readDocument } from '../../shared/objects.ts';
import { type DatasetManifest, datasetManifest } from '../dataset.ts';
import { listKeys } from './objects-below.store.ts';

const readsAtOnce = 16;

/** Manifests of all datasets of a model, newest first. */
export async function listDatasets(s3: S3Client, bucket: string, model: string): Promise<DatasetManifest[]> {
  const keys = (await listKeys(s3, bucket, `datasets/${model}/`)).filter((key) =>
    key.endsWith('/manifest.json'),
  );
  const found: DatasetManifest[] = [];
  for (let from = 0; from < keys.length; from += readsAtOnce) {
    const some = keys.slice(from, from + readsAtOnce);
    found.push(...(await Promise.all(some.map((key) => readDocument(s3, { bucket, key }, datasetManifest)))));
  }
  return found.sort((a, b) => b.createdAt.localeCompare(a.createdAt));
}
