import type { S3Client } from '@aws-sdk/client-s3';
import type { Row } from '../data/dataset.ts';
import { destroyVersions, listKeys, listVersions } from '../data/versions/objects-below.store.ts';
import { predictionRecord } from '../inference/prediction-record.ts';
import { readBytes, writeObject } from '../shared/objects.ts';

/**
 * Takes predictions out of the captures of a model: each that was asked about a row that is meant goes as a whole, in
 * every version of its object.
 *
 * @returns Ids of the predictions.
 */
export async function eraseCaptures(
  s3: S3Client,
  bucket: string,
  model: string,
  isMeant: (row: Row) => boolean,
  isDryRun: boolean,
): Promise<string[]> {
  const prefix = `captures/${model}/`;
  const erased: string[] = [];
  for (const key of await listKeys(s3, bucket, prefix)) {
    const bytes = await readBytes(s3, { bucket, key });
    if (!bytes) continue;
    const lines = new TextDecoder().decode(bytes).split('\n').filter(Boolean);
    const records = lines.map((line) => predictionRecord.parse(JSON.parse(line)));
    const meant = records.filter(({ rows }) => rows.some(isMeant)).map(({ predictionId }) => predictionId);
    if (meant.length === 0) continue;
    erased.push(...meant);
    if (isDryRun) continue;
    const kept = lines.filter((_, place) => !records[place]?.rows.some(isMeant));
    if (kept.length > 0) {
      await writeObject(s3, { bucket, key }, `${kept.join('\n')}\n`, 'application/x-ndjson');
    }
    // Whatever is not the object just written is an older version with the rows in it.
    const versions = (await listVersions(s3, bucket, key)).filter((version) => version.key === key);
    await destroyVersions(
      s3,
      bucket,
      versions.filter(({ isLatest }) => kept.length === 0 || !isLatest),
    );
  }
  return erased;
}
