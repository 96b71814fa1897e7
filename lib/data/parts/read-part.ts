import { join } from 'node:path';
import type { S3Client } from '@aws-sdk/client-s3';
import { formatOf } from '../../model/source-format.ts';
import { EvergreenError } from '../../shared/errors.ts';
import { writeDocument } from '../../shared/objects.ts';
import { columnsOf } from '../columns.ts';
import type { Unreadable } from '../csv-scanner.ts';
import { withWorkspace } from '../database.duckdb.ts';
import { readRunDefinition } from '../run-definition.store.ts';
import { downloadSource } from '../source.store.ts';
import { putRows } from './parts.store.ts';
import { type PartReading, partReading, partsKeys, type ReadPartRequest } from './parts.ts';
import { readSound } from './read-sound.duckdb.ts';

export interface ReadPartTools {
  s3: S3Client;
  /** The data bucket. */
  bucket: string;
  maxPartBytes: number;
  /** As DuckDB writes sizes, such as 1GB. */
  memoryLimit: string;
}

/**
 * Reads one file of an upload as strictly as if it were the whole of it, and leaves its rows as they are to be joined.
 * That it cannot be read is written down beside the others, so that all of them are named.
 *
 * @throws EvergreenError `artifact-missing` (the definition), `service-unavailable`.
 */
export async function readPart(
  request: ReadPartRequest,
  tools: ReadPartTools,
): Promise<PartReading['outcome']> {
  const { s3, bucket } = tools;
  const { part, source } = request;
  const { definition } = await readRunDefinition(request, tools);
  const keys = partsKeys(request);
  const reading = await withWorkspace(tools.memoryLimit, async (workspace): Promise<PartReading> => {
    const unreadable = ({ line, message }: Unreadable): PartReading => ({
      outcome: 'unreadable',
      n: part.n,
      problem: { name: part.name, line, message },
    });
    const path = join(workspace.folder, 'upload');
    const sha256 = await download({ ...part, bucket: source.bucket }, path, tools);
    if (typeof sha256 !== 'string') return unreadable(sha256);
    const format = formatOf(part.name);
    if (!format) throw new EvergreenError('internal', `${part.name} was planned without a format`);
    const sound = await readSound(
      workspace,
      path,
      format,
      columnsOf(definition),
      part.n === 0,
      tools.maxPartBytes,
    );
    if ('message' in sound) return unreadable(sound);
    const { text, ...rest } = sound;
    if (text) await putRows(s3, { bucket, key: keys.rows(part.n) }, text);
    return partReading.parse({ outcome: 'readable', n: part.n, sha256, ...rest, text });
  });
  await writeDocument(s3, { bucket, key: keys.reading(part.n) }, reading);
  return reading.outcome;
}

/** The digest of the file, or why it is not the one that is meant. */
async function download(
  part: ReadPartRequest['part'] & { bucket: string },
  path: string,
  { s3, maxPartBytes }: ReadPartTools,
): Promise<string | Unreadable> {
  try {
    const { sha256, bytes } = await downloadSource(s3, part, path, maxPartBytes);
    if (sha256 === null) return { line: 0, message: `has ${bytes} bytes; at most ${maxPartBytes} are read` };
    if (part.sha256 === null || part.sha256 === sha256) return sha256;
    return {
      line: 0,
      message: `has the digest ${sha256}, and the manifest says ${part.sha256}; upload it again`,
    };
  } catch (thrown) {
    if (!(thrown instanceof EvergreenError) || thrown.code !== 'upload-missing') throw thrown;
    return { line: 0, message: 'was deleted before it was read; upload it again' };
  }
}
