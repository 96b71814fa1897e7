import { join } from 'node:path';
import type { S3Client } from '@aws-sdk/client-s3';
import type { ModelDefinition } from '../model/definition.ts';
import { withWorkspace } from './database.duckdb.ts';
import { downloadDatasetFile, readGoldenFile } from './dataset.store.ts';
import type { Row } from './dataset.ts';
import { type JudgedRows, mostJudgedCells, readJudgedRows } from './judged-rows.duckdb.ts';

/** Rows of a dataset that no training saw: those that versions are judged by, with the target, and how many there are. */
export interface HeldOut extends JudgedRows {
  golden: Row[];
}

const memoryLimit = '1GB';

/**
 * Where more cells are held out than fit, versions are judged by a sample, the same in every try.
 *
 * @throws EvergreenError `artifact-missing`, `artifact-damaged`, `service-unavailable`.
 */
export async function readHeldOut(
  s3: S3Client,
  manifest: { bucket: string; key: string },
  definition: ModelDefinition,
  mostCells = mostJudgedCells,
): Promise<HeldOut> {
  const golden = await readGoldenFile(s3, manifest);
  return withWorkspace(memoryLimit, async (workspace) => {
    const path = join(workspace.folder, 'test.parquet');
    await downloadDatasetFile(s3, manifest, 'test', path);
    return { ...(await readJudgedRows(workspace, path, definition, mostCells)), golden };
  });
}
