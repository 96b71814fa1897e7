import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { S3Client } from '@aws-sdk/client-s3';
import type { ModelDefinition } from '../../model/definition.ts';
import { formatOf } from '../../model/source-format.ts';
import { withWorkspace } from '../database.duckdb.ts';
import type { DatasetManifest, SourceObject } from '../dataset.ts';
import { downloadSource } from '../source.store.ts';
import { stageLimits } from '../stage-file.ts';
import { putRewritten } from './rewritten.store.ts';
import { findSubjectRows, rewriteWithout, type SubjectRows, type Wanted } from './subject-rows.duckdb.ts';

export interface ErasureTools {
  s3: S3Client;
  bucket: string;
  maxSourceBytes: number;
  memoryLimit: string;
}

/** A version of an upload, the definition it is read by, and the datasets that were made of it. */
export interface ErasureSource {
  source: SourceObject;
  definition: ModelDefinition;
  manifests: DatasetManifest[];
}

export interface SearchedSource extends SubjectRows {
  /** The upload without the rows, as an object of its own; null when only looking was asked for. */
  rewritten: SourceObject | null;
  /** Rows that nobody could cut into cells and that are not in it. */
  broken: number;
}

/**
 * Looks for rows in one version of an upload and, when asked, writes the upload without them to a place where it starts
 * no run. The version itself stays.
 *
 * @returns Why it cannot be read, when it cannot.
 */
export async function eraseRows(
  { source, definition }: Pick<ErasureSource, 'source' | 'definition'>,
  wanted: Wanted,
  { s3, maxSourceBytes, memoryLimit }: ErasureTools,
  isDryRun: boolean,
): Promise<SearchedSource | { message: string }> {
  const recognised = formatOf(source.key);
  if (!recognised) return { message: 'its name tells no format' };
  return withWorkspace(memoryLimit, async (workspace) => {
    const path = join(workspace.folder, 'upload');
    const { bytes, sha256 } = await downloadSource(s3, source, path, maxSourceBytes);
    if (sha256 === null) return { message: `its ${bytes} bytes are more than are read` };
    if (bytes === 0) return { lines: [], telling: [], rewritten: null, broken: 0 };
    const limits = stageLimits(maxSourceBytes);
    const found = await findSubjectRows(workspace, path, recognised, definition, wanted, limits);
    if ('message' in found) return found;
    if (isDryRun || found.lines.length === 0) return { ...found, rewritten: null, broken: 0 };
    const rest = await rewriteWithout(workspace, path, recognised, found.lines, limits);
    const rewritten = await putRewritten(s3, source, await readFile(rest.path));
    return { ...found, rewritten, broken: rest.broken };
  });
}
