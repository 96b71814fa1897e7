import type { S3Client } from '@aws-sdk/client-s3';
import { predictionColumns } from '../../data/columns.ts';
import { signatureOf } from '../../model/signature.ts';
import { requireDigest } from '../../shared/digest.ts';
import { readRequiredBytes } from '../../shared/objects.ts';
import type { LoadedModel } from '../package.ts';
import { answerPart } from './answer-part.duckdb.ts';
import { answerRows } from './answer-rows.ts';
import { readPartMetadata, writeParquet } from './batch.store.ts';
import { batchKeys, type PartRequest, type PinnedVersion } from './batch.ts';

export interface PartTools {
  s3: S3Client;
  /** The data bucket. */
  bucket: string;
  /** The version, loaded as serving loads it. */
  open(version: PinnedVersion): Promise<LoadedModel>;
  /** As DuckDB writes sizes, such as 1GB. */
  memoryLimit: string;
}

export interface PartOutcome {
  /** Its answers were there already. */
  isReused: boolean;
  rows: number;
  /** Null when it was not counted, since the answers were there. */
  refused: number | null;
}

/**
 * Answers one part, unless its answers are there: those of the same rows by the same package.
 *
 * Two attempts at a time leave the same bytes: ids and answers are functions of rows and package.
 *
 * @throws EvergreenError `artifact-missing`, `artifact-damaged`, and whatever keeps a version from being served.
 */
export async function predictPart({ batch, part }: PartRequest, tools: PartTools): Promise<PartOutcome> {
  const { s3, bucket } = tools;
  const place = { bucket, key: batchKeys(batch).part(part.n) };
  const known = await readPartMetadata(s3, place);
  if (known?.rows === part.sha256 && known.package === batch.packageDigest) {
    return { isReused: true, rows: part.rows, refused: null };
  }
  const [model, rows] = await Promise.all([
    tools.open(batch),
    readRequiredBytes(s3, { bucket, key: part.key }),
  ]);
  requireDigest(rows, part.sha256, part.key);
  const columns = predictionColumns(model.definition);
  const { bytes, refused } = await answerPart(tools.memoryLimit, {
    rows,
    columns,
    outputs: signatureOf(model.definition).outputs,
    batchId: batch.batchId,
    answer: (some) => answerRows(some, columns, model),
  });
  await writeParquet(s3, place, bytes, { rows: part.sha256, package: batch.packageDigest });
  return { isReused: false, rows: part.rows, refused };
}
