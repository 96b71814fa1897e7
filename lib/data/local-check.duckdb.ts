import { randomBytes } from 'node:crypto';
import { copyFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { ModelDefinition } from '../model/definition.ts';
import { digestFile } from '../shared/local-file.store.ts';
import { columnsOf } from './columns.ts';
import { withWorkspace } from './database.duckdb.ts';
import type { DatasetProfile } from './dataset.ts';
import type { ExaminationStep } from './examination.ts';
import { examineUpload } from './examine.duckdb.ts';
import { comparableProfile, hashedFeatures } from './privacy/comparable-profile.ts';
import { type MadeReport, makeReport } from './report/make-report.ts';
import { stageLimits } from './stage-file.ts';

export interface LocalCheck {
  /** The dataset to compare with; the deployed gate takes the champion's. */
  earlier: DatasetProfile | null;
  /** As the deployed gate has them. */
  maxSourceBytes: number;
  memoryLimit: string;
  now: () => Date;
  onProgress: (step: ExaminationStep) => void;
}

/** What the deployed gate would say of a file on this machine; nothing is uploaded or kept. */
export async function checkLocalFile(
  definition: ModelDefinition,
  file: string,
  { earlier, maxSourceBytes, memoryLimit, now, onProgress }: LocalCheck,
): Promise<MadeReport> {
  const startedAt = now();
  const { size } = await stat(file);
  const hashedHere = Object.fromEntries(
    Object.keys(hashedFeatures(definition)).map((name) => [name, 'of this machine']),
  );
  return withWorkspace(memoryLimit, async (workspace) => {
    // DuckDB reads nothing outside its own folder.
    const path = join(workspace.folder, 'upload');
    if (size <= maxSourceBytes) await copyFile(file, path);
    const download = { bytes: size, sha256: size <= maxSourceBytes ? (await digestFile(path)).sha256 : null };
    const found = await examineUpload(
      workspace,
      { path, download, name: basename(file) },
      columnsOf(definition),
      {
        definition,
        limits: stageLimits(maxSourceBytes),
        // Hashed here by a key that nobody else has.
        earlier: earlier && comparableProfile(earlier, hashedHere),
        now: startedAt,
        // Nothing is kept, and the report shows no value: any key tells the same.
        hashKey: randomBytes(32),
        onProgress,
      },
    );
    return makeReport(found, {
      definition,
      runId: 'none: checked on this machine',
      datasetId: 'none: nothing was uploaded',
      source: { bucket: '', key: file, versionId: 'none' },
      download,
      startedAt,
      endedAt: now(),
    });
  });
}
