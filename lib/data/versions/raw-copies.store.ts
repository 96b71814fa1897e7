import type { S3Client } from '@aws-sdk/client-s3';
import * as z from 'zod';
import { digestOf } from '../../shared/digest.ts';
import { readDocument, writeDocument } from '../../shared/objects.ts';
import type { DatasetPlace } from '../dataset.store.ts';
import { type DatasetManifest, datasetKey, type SourceObject } from '../dataset.ts';
import { digestSource } from '../source.store.ts';
import { listDatasets } from './datasets.store.ts';
import { listKeys, listVersions } from './objects-below.store.ts';

/*
 * The same rows may come more than once: uploaded again, or joined of other files. A dataset's manifest names what it was
 * made of and is never written anew; what came later stands beside it, in datasets/<model>/<dataset>/copies/<digest>.json.
 */

const rawObject = z.object({ key: z.string(), versionId: z.string() });
/** A version of an object that holds rows as they came. */
export type RawObject = z.infer<typeof rawObject>;

const copies = z.object({ schema: z.literal('evergreen/dataset-copies/v1'), objects: z.array(rawObject) });

export const isSameObject = (one: RawObject) => (other: RawObject) =>
  one.key === other.key && one.versionId === other.versionId;

/** Writes down that objects hold rows of a dataset. The same objects are one document, however often they are told. */
export async function recordCopies(
  s3: S3Client,
  { bucket, model, datasetId }: DatasetPlace,
  objects: readonly RawObject[],
): Promise<void> {
  if (objects.length === 0) return;
  const told = objects.map(({ key, versionId }) => ({ key, versionId }));
  const key = datasetKey(model, datasetId, `copies/${digestOf(told).slice(0, 16)}.json`);
  await writeDocument(
    s3,
    { bucket, key },
    copies.parse({ schema: 'evergreen/dataset-copies/v1', objects: told }),
  );
}

/** All that is known to hold a dataset's rows as they came: its upload, the files that was joined of, and copies of both. */
export async function readRawObjects(
  s3: S3Client,
  bucket: string,
  { model, datasetId, source, gatheredFrom = [] }: DatasetManifest,
): Promise<RawObject[]> {
  const keys = await listKeys(s3, bucket, datasetKey(model, datasetId, 'copies/'));
  const recorded = await Promise.all(keys.map((key) => readDocument(s3, { bucket, key }, copies)));
  const all = [source, ...gatheredFrom, ...recorded.flatMap(({ objects }) => objects)];
  return all
    .map(({ key, versionId }) => ({ key, versionId }))
    .filter((each, place, list) => list.findIndex(isSameObject(each)) === place);
}

/** Versions of objects of a model that hold the very bytes of an upload, whoever knows of them. */
export async function findEqualObjects(
  s3: S3Client,
  bucket: string,
  model: string,
  { bytes, sha256 }: { bytes: number; sha256: string },
): Promise<RawObject[]> {
  const found: RawObject[] = [];
  for (const prefix of ['incoming', 'rewritten', 'retrain']) {
    for (const { key, versionId, bytes: size, isMarker } of await listVersions(
      s3,
      bucket,
      `${prefix}/${model}/`,
    )) {
      if (isMarker || size !== bytes) continue;
      const source: SourceObject = { bucket, key, versionId };
      if ((await digestSource(s3, source)) === sha256) found.push({ key, versionId });
    }
  }
  return found;
}

/** An object took the place of one without some rows: datasets that know the one must find the other. */
export async function recordReplacement(
  s3: S3Client,
  bucket: string,
  model: string,
  replaced: RawObject,
  by: RawObject,
): Promise<void> {
  for (const manifest of await listDatasets(s3, bucket, model)) {
    const known = await readRawObjects(s3, bucket, manifest);
    if (!known.some(isSameObject(replaced)) || known.some(isSameObject(by))) continue;
    await recordCopies(s3, { bucket, model, datasetId: manifest.datasetId }, [by]);
  }
}
