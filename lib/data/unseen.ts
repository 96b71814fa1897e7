import { join } from 'node:path';
import type { S3Client } from '@aws-sdk/client-s3';
import type { ModelDefinition } from '../model/definition.ts';
import { withWorkspace } from './database.duckdb.ts';
import { downloadDatasetFile } from './dataset.store.ts';
import { mostJudgedCells } from './judged-rows.duckdb.ts';
import { unseenRows } from './seen-rows.duckdb.ts';

const memoryLimit = '1GB';

/**
 * Which of the rows that versions are judged by are among the train rows of none of some datasets: their indexes among the
 * rows of `readHeldOut`.
 *
 * @param manifestKey Of the dataset whose held-out rows are looked for.
 * @param trainedOn Manifests of datasets whose train rows count as seen.
 * @param mostCells As `readHeldOut` has it.
 * @throws EvergreenError `artifact-missing`, `artifact-damaged` or `service-unavailable`.
 */
export async function readUnseen(
  s3: S3Client,
  { bucket, manifestKey }: { bucket: string; manifestKey: string },
  trainedOn: readonly string[],
  definition: ModelDefinition,
  mostCells = mostJudgedCells,
): Promise<number[]> {
  return withWorkspace(memoryLimit, async (workspace) => {
    const test = join(workspace.folder, 'test.parquet');
    await downloadDatasetFile(s3, { bucket, key: manifestKey }, 'test', test);
    const trains = trainedOn.map(
      (key) => (path: string) => downloadDatasetFile(s3, { bucket, key }, 'train', path),
    );
    return unseenRows(workspace, test, trains, definition, mostCells);
  });
}
