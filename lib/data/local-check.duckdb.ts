import { randomBytes } from 'node:crypto';
import { copyFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { ModelDefinition } from '../model/definition.ts';
import { digestFile } from '../shared/local-file.store.ts';
import { columnsOf } from './columns.ts';
import { type Workspace, withWorkspace } from './database.duckdb.ts';
import type { DatasetProfile } from './dataset.ts';
import type { Examination, ExaminationStep } from './examination.ts';
import { examineUpload } from './examine.duckdb.ts';
import { joinLocalParts, type LocalPart } from './parts/join-local-parts.duckdb.ts';
import type { JoinedPart, PartLimits } from './parts/parts.ts';
import { comparableProfile, hashedFeatures } from './privacy/comparable-profile.ts';
import { type MadeReport, makeReport } from './report/make-report.ts';
import type { Download } from './source.store.ts';
import { stageLimits } from './stage-file.ts';
import { unreadableParts } from './unreadable-file.ts';

export interface LocalCheck {
  /** The dataset to compare with; the deployed gate takes the champion's. */
  earlier: DatasetProfile | null;
  /** As the deployed gate has them. */
  maxSourceBytes: number;
  memoryLimit: string;
  now: () => Date;
  onProgress: (step: ExaminationStep) => void;
}

/** What is held against the definition, and what it is called. */
interface Uploaded {
  key: string;
  download: Download;
  parts?: JoinedPart[];
}

/** What the deployed gate would say of a file on this machine; nothing is uploaded or kept. */
export async function checkLocalFile(
  definition: ModelDefinition,
  file: string,
  setting: LocalCheck,
): Promise<MadeReport> {
  const startedAt = setting.now();
  const { size } = await stat(file);
  return withWorkspace(setting.memoryLimit, async (workspace) => {
    // DuckDB reads nothing outside its own folder.
    const path = join(workspace.folder, 'upload');
    if (size <= setting.maxSourceBytes) await copyFile(file, path);
    const download = await described(path, size, setting.maxSourceBytes);
    const found = await examineHere(workspace, { path, download, name: basename(file) }, definition, setting);
    return reportOf(found, definition, { key: file, download }, startedAt, setting.now());
  });
}

/**
 * The same of several files that would be one upload: joined first, as the deployed steps join them.
 *
 * @param together What the upload is called.
 * @param onPart Told of each file before it is read.
 */
export async function checkLocalParts(
  definition: ModelDefinition,
  { parts, together }: { parts: readonly LocalPart[]; together: string },
  setting: LocalCheck & { limits: PartLimits; onPart: (name: string, n: number) => void },
): Promise<MadeReport> {
  const startedAt = setting.now();
  return withWorkspace(setting.memoryLimit, async (workspace) => {
    const joined = await joinLocalParts(workspace, parts, together, definition, setting);
    if ('problems' in joined) {
      const refused = unreadableParts(joined.problems, columnsOf(definition));
      const key = `${together}.manifest.json`;
      const download = { bytes: 0, sha256: null };
      return reportOf(refused, definition, { key, download }, startedAt, setting.now());
    }
    const { path, name, parts: placed } = joined;
    const { size } = await stat(path);
    const download = await described(path, size, setting.maxSourceBytes);
    const found = await examineHere(workspace, { path, download, name }, definition, setting);
    return reportOf(found, definition, { key: name, download, parts: placed }, startedAt, setting.now());
  });
}

async function described(path: string, bytes: number, maxSourceBytes: number): Promise<Download> {
  return { bytes, sha256: bytes <= maxSourceBytes ? (await digestFile(path)).sha256 : null };
}

function examineHere(
  workspace: Workspace,
  file: { path: string; download: Download; name: string },
  definition: ModelDefinition,
  { earlier, maxSourceBytes, now, onProgress }: LocalCheck,
): Promise<Examination> {
  const hashedHere = Object.fromEntries(
    Object.keys(hashedFeatures(definition)).map((name) => [name, 'of this machine']),
  );
  return examineUpload(workspace, file, columnsOf(definition), {
    definition,
    limits: stageLimits(maxSourceBytes),
    // Hashed here by a key that nobody else has.
    earlier: earlier && comparableProfile(earlier, hashedHere),
    now: now(),
    // Nothing is kept, and the report shows no value: any key tells the same.
    hashKey: randomBytes(32),
    onProgress,
  });
}

function reportOf(
  found: Examination,
  definition: ModelDefinition,
  { key, download, parts }: Uploaded,
  startedAt: Date,
  endedAt: Date,
): MadeReport {
  return makeReport(found, {
    definition,
    runId: 'none: checked on this machine',
    datasetId: 'none: nothing was uploaded',
    source: { bucket: '', key, versionId: 'none' },
    download,
    ...(parts ? { parts } : {}),
    startedAt,
    endedAt,
  });
}
