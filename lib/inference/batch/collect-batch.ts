import type { S3Client } from '@aws-sdk/client-s3';
import { requireDigest } from '../../shared/digest.ts';
import { EvergreenError } from '../../shared/errors.ts';
import { readRequiredBytes, writeDocument } from '../../shared/objects.ts';
import { readManifest, readPartMetadata, readSummary, sizeOf, writeParquetFile } from './batch.store.ts';
import {
  type BatchManifest,
  type BatchSummary,
  batchKeys,
  batchSummary,
  type CollectRequest,
  idRule,
} from './batch.ts';
import { joinParts } from './join-parts.duckdb.ts';

export interface CollectTools {
  s3: S3Client;
  /** The data bucket. */
  bucket: string;
  /** As DuckDB writes sizes, such as 1GB. */
  memoryLimit: string;
  now: () => Date;
}

/**
 * Joins the answers of a batch into its result and says in a summary what became of the file. A result that is there
 * already is left as it is.
 *
 * @throws EvergreenError `artifact-missing`, `artifact-damaged` when a part is not what the plan asked for.
 */
export async function collectBatch(request: CollectRequest, tools: CollectTools): Promise<BatchSummary> {
  const { s3, bucket } = tools;
  const keys = batchKeys(request);
  const known = await readSummary(s3, { bucket, key: keys.summary });
  if (known && (await sizeOf(s3, { bucket, key: keys.result })) === known.result.bytes) return known;
  const manifest = await readManifest(s3, { bucket, key: keys.manifest });
  if (!manifest) throw new EvergreenError('artifact-missing', `there is no ${keys.manifest}`);
  const { rows, refused, refusedFirst, ...file } = await joinParts(tools.memoryLimit, {
    parts: manifest.parts.length,
    read: (n) => readPart(tools, manifest, n),
    keep: (file) => writeParquetFile(s3, { bucket, key: keys.result }, file),
  });
  if (rows !== manifest.rows) {
    throw new EvergreenError(
      'artifact-damaged',
      `the parts of ${request.batchId} have ${rows} rows instead of ${manifest.rows}`,
    );
  }
  const endedAt = tools.now();
  const { model, version, packagePrefix, packageDigest, modelDigest, batchId } = manifest;
  const summary = batchSummary.parse({
    schema: 'evergreen/batch-summary/v1',
    ...{ model, version, packagePrefix, packageDigest, modelDigest, batchId },
    input: manifest.input,
    rows,
    answered: rows - refused,
    refused,
    refusedFirst,
    ignoredColumns: manifest.ignoredColumns,
    parts: manifest.parts.length,
    reusedParts: request.reusedParts,
    idRule: idRule(batchId),
    result: { key: keys.result, ...file },
    startedAt: request.startedAt,
    endedAt: endedAt.toISOString(),
    seconds: (endedAt.getTime() - Date.parse(request.startedAt)) / 1000,
  });
  await writeDocument(s3, { bucket, key: keys.summary }, summary);
  return summary;
}

async function readPart(
  { s3, bucket }: CollectTools,
  manifest: BatchManifest,
  n: number,
): Promise<Uint8Array> {
  const place = { bucket, key: batchKeys(manifest).part(n) };
  const about = await readPartMetadata(s3, place);
  const bytes = await readRequiredBytes(s3, place);
  if (about?.rows !== manifest.parts[n]?.sha256 || about?.package !== manifest.packageDigest) {
    throw new EvergreenError(
      'artifact-damaged',
      `${place.key} holds answers to other rows, or by another package`,
    );
  }
  requireDigest(bytes, about?.sha256 ?? 'none', place.key);
  return bytes;
}
