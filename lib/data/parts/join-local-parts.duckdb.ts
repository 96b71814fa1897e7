import { createReadStream, createWriteStream } from 'node:fs';
import { copyFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { ModelDefinition } from '../../model/definition.ts';
import { formatOf } from '../../model/source-format.ts';
import { EvergreenError } from '../../shared/errors.ts';
import { digestFile } from '../../shared/local-file.store.ts';
import { columnsOf } from '../columns.ts';
import { type Workspace, withWorkspace } from '../database.duckdb.ts';
import {
  judgeNames,
  judgeTogether,
  judgeTotal,
  placeParts,
  type SoundPart,
  sizeFault,
} from './judge-parts.ts';
import { joinParquet } from './parquet-parts.duckdb.ts';
import type { JoinedPart, PartLimits, PartProblem } from './parts.ts';
import { readSound, type SoundFile } from './read-sound.duckdb.ts';

/** A file of this machine, and what it is called in an upload. */
export interface LocalPart {
  file: string;
  name: string;
  /** As a manifest has it. */
  sha256?: string | undefined;
}

export interface LocalJoin {
  limits: PartLimits;
  memoryLimit: string;
  onPart: (name: string, n: number) => void;
}

/** The joined file and the name that tells its format, or all that cannot be used. */
export type LocallyJoined = { path: string; name: string; parts: JoinedPart[] } | { problems: PartProblem[] };

/**
 * Joins files of this machine as the deployed steps join those of an upload (plan-parts.ts, read-part.ts, join-parts.ts), in
 * the folder of a workspace.
 *
 * @param together What the upload is called.
 */
export async function joinLocalParts(
  workspace: Workspace,
  parts: readonly LocalPart[],
  together: string,
  definition: ModelDefinition,
  { limits, memoryLimit, onPart }: LocalJoin,
): Promise<LocallyJoined> {
  const planned = await planLocalParts(parts, together, definition, limits);
  if (planned.length > 0) return { problems: planned };
  const format = formatOf(parts[0]?.name ?? '')?.format ?? 'csv';
  const kept = (n: number) => join(workspace.folder, `${n}.${format}`);
  const problems: PartProblem[] = [];
  const sound: SoundPart[] = [];
  for (const [n, part] of parts.entries()) {
    onPart(part.name, n);
    const read = await readLocalPart(part, n, kept(n), definition, limits.maxPartBytes, memoryLimit);
    if ('problem' in read) problems.push(read.problem);
    else sound.push(read.sound);
  }
  problems.push(...judgeTogether(sound, together, limits));
  if (problems.length > 0) return { problems };
  const path = join(workspace.folder, 'upload');
  const paths = sound.map(({ n }) => kept(n));
  if (format === 'parquet') await joinParquet(workspace.connection, paths, path);
  else {
    for (const each of paths) await pipeline(createReadStream(each), createWriteStream(path, { flags: 'a' }));
  }
  for (const each of paths) await rm(each);
  return { path, name: `${together}.${format}`, parts: placeParts(sound) };
}

async function planLocalParts(
  parts: readonly LocalPart[],
  together: string,
  { data }: ModelDefinition,
  limits: PartLimits,
): Promise<PartProblem[]> {
  const problems = judgeNames(
    parts.map(({ name }) => name),
    data.formats,
  );
  if (problems.length > 0) return problems;
  const sized: { name: string; bytes: number }[] = [];
  for (const { file, name } of parts) {
    const bytes = await stat(file).then(
      ({ size }) => size,
      () => null,
    );
    const message = bytes === null ? `is not there; it should lie at ${file}` : sizeFault(bytes, limits);
    if (message !== null) problems.push({ name, line: 0, message });
    sized.push({ name, bytes: bytes ?? 0 });
  }
  return problems.length > 0 ? problems : judgeTotal(sized, together, limits);
}

/** @param to Where its text is kept until all are joined, or the file itself when it is Parquet. */
async function readLocalPart(
  { file, name, sha256: stated }: LocalPart,
  n: number,
  to: string,
  definition: ModelDefinition,
  maxPartBytes: number,
  memoryLimit: string,
): Promise<{ sound: SoundPart } | { problem: PartProblem }> {
  const unreadable = (line: number, message: string) => ({ problem: { name, line, message } });
  return withWorkspace(memoryLimit, async (own) => {
    // DuckDB reads nothing outside its own folder.
    const path = join(own.folder, 'upload');
    await copyFile(file, path);
    const { sha256 } = await digestFile(path);
    if (stated !== undefined && stated !== sha256) {
      return unreadable(0, `has the digest ${sha256}, and the manifest says ${stated}; upload it again`);
    }
    const format = formatOf(name);
    if (!format) throw new EvergreenError('internal', `${name} was planned without a format`);
    const read: SoundFile | { line: number; message: string } = await readSound(
      own,
      path,
      format,
      columnsOf(definition),
      n === 0,
      maxPartBytes,
    );
    if ('message' in read) return unreadable(read.line, read.message);
    await rename(read.text?.path ?? path, to);
    const { rows, header, text } = read;
    return {
      sound: {
        n,
        name,
        key: file,
        versionId: 'none',
        reading: { outcome: 'readable', n, sha256, rows, header, text },
      },
    };
  });
}
