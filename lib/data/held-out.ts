import type { S3Client } from '@aws-sdk/client-s3';
import type { ModelDefinition } from '../model/definition.ts';
import { readHeldOutFiles } from './dataset.store.ts';
import type { Row } from './dataset.ts';
import { readRows } from './parquet-rows.duckdb.ts';

/** Rows of a dataset that no training saw. */
export interface HeldOut {
  /** With the target. */
  rows: Row[];
  golden: Row[];
}

/** @throws EvergreenError `artifact-missing` or `artifact-damaged`. */
export async function readHeldOut(
  s3: S3Client,
  manifest: { bucket: string; key: string },
  definition: ModelDefinition,
): Promise<HeldOut> {
  const { test, golden } = await readHeldOutFiles(s3, manifest);
  return { rows: await readRows(test, definition), golden };
}
