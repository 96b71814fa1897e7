import type { S3Client } from '@aws-sdk/client-s3';
import { predictionColumns } from '../../data/columns.ts';
import type { ModelDefinition } from '../../model/definition.ts';
import { formatOf } from '../../model/source-format.ts';
import type { ModelVersion } from '../../registry/registry.ts';
import { EvergreenError } from '../../shared/errors.ts';
import { writeDocument } from '../../shared/objects.ts';
import { downloadInput, listSizes, readManifest, writeParquet } from './batch.store.ts';
import {
  type BatchManifest,
  type BatchPart,
  type BatchRequest,
  batchIdOf,
  batchKeys,
  batchManifest,
  largestInputBytes,
  type PinnedVersion,
  type PlanOutcome,
  rowsOfOnePart,
} from './batch.ts';
import { cutFile } from './cut-file.duckdb.ts';

export interface PlanTools {
  s3: S3Client;
  /** The data bucket. */
  bucket: string;
  /** @throws EvergreenError `version-unknown`. */
  readVersion(model: string, version: number): Promise<ModelVersion>;
  readDefinition(version: ModelVersion): Promise<ModelDefinition>;
  /** As DuckDB writes sizes, such as 1GB. */
  memoryLimit: string;
  now: () => Date;
  /** @default largestInputBytes */
  maxInputBytes?: number;
  /** @default rowsOfOnePart */
  rowsOfOnePart?: number;
}

const limits = { maxLineBytes: 1 << 20, maxRows: 50_000_000, keptBroken: 10_000 };

/**
 * Reads a file, holds it against the definition of the version that is to answer it, and cuts it into parts. A plan
 * that is there already, with all its parts, is answered as it is.
 *
 * @throws EvergreenError `version-unknown`, `upload-missing`, `request-invalid` when the id is not that of the file and
 *   version, `artifact-missing`, `artifact-damaged`, `service-unavailable`.
 */
export async function planBatch(request: BatchRequest, tools: PlanTools): Promise<PlanOutcome> {
  const { s3, bucket } = tools;
  const version = await tools.readVersion(request.model, request.version);
  requireOwnId(request, version);
  const batch = pin(version, request.batchId);
  const keys = batchKeys(batch);
  const known = await readManifest(s3, { bucket, key: keys.manifest });
  if (known && (await isWhole(s3, bucket, keys.rowsFolder, known))) return planned(known);

  const format = formatOf(request.input.key);
  if (!format) return refused(`${nameOf(request)} is no CSV, Parquet or JSON lines by its name`);
  const maxDecodedBytes = tools.maxInputBytes ?? largestInputBytes;
  const parts: BatchPart[] = [];
  let bytes = 0;
  const cut = await cutFile(tools.memoryLimit, {
    recognised: format,
    columns: predictionColumns(await tools.readDefinition(version)),
    limits: { ...limits, maxDecodedBytes },
    rowsOfOnePart: tools.rowsOfOnePart ?? rowsOfOnePart,
    async download(path) {
      const download = await downloadInput(s3, request.input, path, maxDecodedBytes);
      ({ bytes } = download);
      if (download.sha256 === null) {
        return { refusal: `the file has ${bytes} bytes; at most ${maxDecodedBytes} are read` };
      }
      requireFile(request, download.sha256);
      return undefined;
    },
    async keep(n, content, rows) {
      const key = keys.rows(n);
      const sha256 = await writeParquet(s3, { bucket, key }, content);
      parts.push({ n, key, sha256, bytes: content.length, rows });
    },
  });
  if ('refusal' in cut) return refused(cut.refusal);
  const manifest = batchManifest.parse({
    schema: 'evergreen/batch/v1',
    ...batch,
    input: { ...request.input, sha256: request.sha256, bytes, format: format.format },
    ...cut,
    parts,
    createdAt: tools.now().toISOString(),
  });
  await writeDocument(s3, { bucket, key: keys.manifest }, manifest);
  return planned(manifest);
}

function pin(version: ModelVersion, batchId: string): PinnedVersion {
  const { model, packagePrefix, packageDigest, modelDigest } = version;
  return { model, version: version.version, packagePrefix, packageDigest, modelDigest, batchId };
}

const nameOf = ({ input }: BatchRequest) => input.key.slice(input.key.lastIndexOf('/') + 1);

/** Whoever may start an execution must not make one batch pass for another. */
function requireOwnId(request: BatchRequest, version: ModelVersion): void {
  const own = batchIdOf(version, request.sha256, nameOf(request));
  if (request.batchId === own && request.input.key === batchKeys(request).input(nameOf(request))) return;
  throw new EvergreenError(
    'request-invalid',
    `${request.batchId} is not the batch of ${request.input.key} and ${request.model} version ${request.version}; that is ${own}`,
  );
}

function requireFile({ input, sha256 }: BatchRequest, found: string): void {
  if (found === sha256) return;
  throw new EvergreenError(
    'request-invalid',
    `${input.key} has the digest ${found} instead of ${sha256}; run the command again`,
  );
}

/** Lifecycle rules remove objects one by one: a plan may have lost a part. */
async function isWhole(
  s3: S3Client,
  bucket: string,
  folder: string,
  { parts }: BatchManifest,
): Promise<boolean> {
  const sizes = await listSizes(s3, bucket, folder);
  return parts.every(({ key, bytes }) => sizes.get(key) === bytes);
}

function planned(manifest: BatchManifest): PlanOutcome {
  const { model, version, packagePrefix, packageDigest, modelDigest, batchId, parts } = manifest;
  return {
    outcome: 'planned',
    batch: { model, version, packagePrefix, packageDigest, modelDigest, batchId },
    manifestKey: batchKeys(manifest).manifest,
    parts: parts.length,
  };
}

const refused = (reason: string): PlanOutcome => ({ outcome: 'refused', reason });
