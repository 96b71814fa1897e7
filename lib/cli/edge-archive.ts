import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { create } from 'tar';
import { repositoryRoot } from '../local/home.ts';
import { EvergreenError, messageOf } from '../shared/errors.ts';
import type { Platform } from './edge-platforms.ts';

export interface WrittenArchive {
  file: string;
  bytes: number;
  /** Of all files in it. */
  unpackedBytes: number;
  sha256: string;
}

/** Puts the program that runs without npm and without a network into a folder. */
async function bundleRunner(folder: string, platform: Platform): Promise<void> {
  const program = join(repositoryRoot, 'bin', 'bundle-server.ts');
  const cpu = platform.replace('linux-', '');
  try {
    await promisify(execFile)(process.execPath, [program, folder, '--edge', '--cpu', cpu]);
  } catch (cause) {
    throw new EvergreenError('setup-failed', `the runner could not be bundled: ${messageOf(cause)}`, {
      cause,
    });
  }
}

/** Plain files below a folder, in the order of their names. */
const filesBelow = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();

async function digestOfFile(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}

/**
 * Writes one archive with a runner and what it runs. The same content gives the same bytes: names are sorted, times are
 * one, owners and rights of this machine are left out. Whoever looks sees it whole or not at all.
 *
 * @param name Of the one folder that it unpacks to.
 * @param at Time of every file in it.
 * @param fill Adds files to the folder that holds the runner.
 */
export async function writeArchive(
  options: { file: string; name: string; platform: Platform; at: Date },
  fill: (folder: string) => Promise<void>,
): Promise<WrittenArchive> {
  const file = resolve(options.file);
  mkdirSync(dirname(file), { recursive: true });
  const work = mkdtempSync(`${file}.part-`);
  try {
    const folder = join(work, options.name);
    await bundleRunner(folder, options.platform);
    await fill(folder);
    const files = filesBelow(folder);
    const part = join(work, 'archive.tar.gz');
    const settings = { cwd: work, portable: true, mtime: options.at, noDirRecurse: true, strict: true };
    await create(
      { ...settings, file: part, gzip: { level: 9 } },
      files.map((path) => path.slice(work.length + 1)),
    );
    const sum = (total: number, path: string) => total + statSync(path).size;
    const written = {
      file,
      bytes: statSync(part).size,
      unpackedBytes: files.reduce(sum, 0),
      sha256: await digestOfFile(part),
    };
    renameSync(part, file);
    return written;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
