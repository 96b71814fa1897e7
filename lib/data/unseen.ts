import type { S3Client } from '@aws-sdk/client-s3';
import type { ModelDefinition } from '../model/definition.ts';
import { readDatasetFile } from './dataset.store.ts';
import { unseenRows } from './seen-rows.duckdb.ts';

/**
 * Places of a dataset's held-out rows that are among the train rows of none of some datasets.
 *
 * @param manifestKey Of the dataset whose held-out rows are looked for.
 * @param trainedOn Manifests of datasets whose train rows count as seen.
 * @throws EvergreenError `artifact-missing` or `artifact-damaged`.
 */
export async function readUnseen(
  s3: S3Client,
  { bucket, manifestKey }: { bucket: string; manifestKey: string },
  trainedOn: readonly string[],
  definition: ModelDefinition,
): Promise<number[]> {
  const test = await readDatasetFile(s3, { bucket, key: manifestKey }, 'test');
  const trains = trainedOn.map((key) => () => readDatasetFile(s3, { bucket, key }, 'train'));
  return unseenRows(test, trains, definition);
}
