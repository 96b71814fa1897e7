import type { S3Client } from '@aws-sdk/client-s3';
import type { ModelDefinition } from '../model/definition.ts';
import { EvergreenError } from '../shared/errors.ts';
import { readDocument } from '../shared/objects.ts';
import { columnsOf, dataColumns } from './columns.ts';
import { readHeldOutFiles } from './dataset.store.ts';
import { datasetManifest, type Row } from './dataset.ts';
import { readRows } from './parquet-rows.duckdb.ts';

/** Rows of a dataset that no training saw. */
export interface HeldOut {
  /** With the target. */
  rows: Row[];
  golden: Row[];
}

/** Rows are objects of JavaScript when they are judged: ten million cells take a gigabyte of the three that a function has. */
const mostCells = 10_000_000;

/** @throws EvergreenError `artifact-missing`, `artifact-damaged`, or `held-out-too-large` before a row is read. */
export async function readHeldOut(
  s3: S3Client,
  manifest: { bucket: string; key: string },
  definition: ModelDefinition,
): Promise<HeldOut> {
  const { rows } = await readDocument(s3, manifest, datasetManifest);
  const width = dataColumns(columnsOf(definition)).length;
  if (rows.test * width > mostCells) {
    throw new EvergreenError(
      'held-out-too-large',
      `${definition.name} holds out ${rows.test} rows of ${width} columns; at most ${Math.floor(mostCells / width)} such rows can be judged: lower data.split.testShare`,
    );
  }
  const { test, golden } = await readHeldOutFiles(s3, manifest);
  return { rows: await readRows(test, definition), golden };
}
