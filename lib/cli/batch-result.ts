import { createWriteStream, existsSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { GetObjectCommand } from '@aws-sdk/client-s3';
import type { BatchSummary } from '../inference/batch/batch.ts';
import { EvergreenError } from '../shared/errors.ts';
import { digestFile } from '../shared/local-file.store.ts';
import type { Connection } from './connection.ts';

/** What a file's name says of its format, such as `.csv.gz`. */
export const suffixOf = (path: string) =>
  /(\.[a-z]+(\.gz)?)$/i.exec(basename(path))?.[1]?.toLowerCase() ?? '';

/** Where the result goes: beside the file, under its name. */
export function outputPath(path: string, output: string | undefined): string {
  const name = basename(path).slice(0, basename(path).length - suffixOf(path).length);
  return output ?? join(dirname(path), `${name}.predictions.parquet`);
}

/** @throws EvergreenError `usage-invalid` when the result could not be written, before anybody waits for it. */
export function requireFolder(output: string): void {
  if (existsSync(dirname(output))) return;
  throw new EvergreenError(
    'usage-invalid',
    `there is no folder ${dirname(output)} for the result; make it, or name another place with --output`,
  );
}

/** Fetches the result; whoever looks at the path sees it whole or not at all. */
export async function fetchResult(
  { s3, outputs }: Pick<Connection, 's3' | 'outputs'>,
  { result }: Pick<BatchSummary, 'result'>,
  path: string,
  signal: AbortSignal,
): Promise<void> {
  if (existsSync(path) && (await digestFile(path, signal)).sha256 === result.sha256) return;
  const part = `${path}.${process.pid}.part`;
  try {
    const request = new GetObjectCommand({ Bucket: outputs.DataBucket, Key: result.key });
    const { Body } = await s3.send(request, { abortSignal: signal });
    if (!(Body instanceof Readable)) {
      throw new EvergreenError('service-unavailable', `no body of ${result.key} came; try again`);
    }
    await pipeline(Body, createWriteStream(part), { signal });
    if ((await digestFile(part, signal)).sha256 !== result.sha256) {
      throw new EvergreenError('artifact-damaged', `${result.key} is not what the summary says`);
    }
    renameSync(part, path);
  } finally {
    rmSync(part, { force: true });
  }
}
