import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import type { S3Client } from '@aws-sdk/client-s3';
import { formatOf } from '../../model/source-format.ts';
import { EvergreenError } from '../../shared/errors.ts';
import { readDocument, writeDocument } from '../../shared/objects.ts';
import { withWorkspace } from '../database.duckdb.ts';
import type { SourceObject } from '../dataset.ts';
import { downloadSource, forceMetadata, isForced } from '../source.store.ts';
import { judgeTogether, placeParts, type SoundPart } from './judge-parts.ts';
import { ObjectWriter } from './object-writer.store.ts';
import { joinParquet } from './parquet-parts.duckdb.ts';
import { copyRows } from './parts.store.ts';
import {
  type JoinOutcome,
  joinOutcome,
  type PartLimits,
  type PartProblem,
  type PartsRequest,
  partReading,
  partsKeys,
  partsPlan,
} from './parts.ts';
import { uploadName } from './upload-manifest.ts';

export interface JoinPartsTools extends PartLimits {
  s3: S3Client;
  /** The data bucket. */
  bucket: string;
  /** As DuckDB writes sizes, such as 1GB. */
  memoryLimit: string;
}

/** What the pipeline goes on with: the joined upload, or the manifest of one that could not be joined. */
export interface PartsJoined {
  source: SourceObject;
  joinedKey: string;
}

/**
 * Joins the files of an upload that were all read into one, in the order of the manifest; from there on it is an upload
 * like any other. If one of them cannot be used none is, and the outcome names all that cannot.
 *
 * @throws EvergreenError `artifact-missing`, `artifact-damaged`, `service-unavailable`.
 */
export async function joinParts(request: PartsRequest, tools: JoinPartsTools): Promise<PartsJoined> {
  const { s3, bucket } = tools;
  const keys = partsKeys(request);
  const { parts } = await readDocument(s3, { bucket, key: keys.plan }, partsPlan);
  const problems: PartProblem[] = [];
  const sound: SoundPart[] = [];
  for (const part of parts) {
    const reading = await readDocument(s3, { bucket, key: keys.reading(part.n) }, partReading);
    if (reading.outcome === 'unreadable') problems.push(reading.problem);
    else sound.push({ ...part, reading });
  }
  problems.push(...judgeTogether(sound, uploadName(request.source.key), tools));
  const outcome: JoinOutcome =
    problems.length > 0
      ? { outcome: 'refused', manifest: request.source, problems }
      : {
          outcome: 'joined',
          manifest: request.source,
          source: await joinSound(sound, request, tools),
          parts: placeParts(sound),
        };
  await writeDocument(s3, { bucket, key: keys.joined }, joinOutcome.parse(outcome));
  return {
    source: outcome.outcome === 'joined' ? outcome.source : request.source,
    joinedKey: keys.joined,
  };
}

async function joinSound(
  sound: readonly SoundPart[],
  request: PartsRequest,
  tools: JoinPartsTools,
): Promise<SourceObject> {
  const { s3, bucket } = tools;
  const format = formatOf(sound[0]?.name ?? '')?.format ?? 'csv';
  const key = `rewritten/${request.model}/joined-${request.runId}/${uploadName(request.source.key)}.${format}`;
  const metadata: Record<string, string> = (await isForced(s3, request.source))
    ? { [forceMetadata.name]: forceMetadata.value }
    : {};
  const writer = new ObjectWriter(s3, { bucket, key, metadata });
  const take = (bytes: Uint8Array) => writer.write(bytes);
  try {
    if (format === 'parquet') await joinFiles(sound, request, tools, take);
    else {
      const keys = partsKeys(request);
      for (const { n, reading } of sound) {
        if (!reading.text) throw new EvergreenError('internal', `part ${n} has no text to join`);
        await copyRows(s3, { bucket, key: keys.rows(n) }, reading.text.sha256, take);
      }
    }
    return { bucket, key, versionId: await writer.end() };
  } catch (thrown) {
    await writer.abort();
    throw thrown;
  }
}

async function joinFiles(
  sound: readonly SoundPart[],
  { source }: PartsRequest,
  { s3, maxPartBytes, memoryLimit }: JoinPartsTools,
  take: (bytes: Uint8Array) => Promise<void>,
): Promise<void> {
  await withWorkspace(memoryLimit, async ({ connection, folder }) => {
    const paths: string[] = [];
    for (const { n, key, versionId, reading } of sound) {
      const path = join(folder, `${n}.parquet`);
      const { sha256 } = await downloadSource(
        s3,
        { bucket: source.bucket, key, versionId },
        path,
        maxPartBytes,
      );
      if (sha256 !== reading.sha256) {
        throw new EvergreenError('artifact-damaged', `${key} is not the file that was read before`);
      }
      paths.push(path);
    }
    const to = join(folder, 'joined.parquet');
    await joinParquet(connection, paths, to);
    for await (const chunk of createReadStream(to, { highWaterMark: 1 << 20 })) await take(chunk);
  });
}
