import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { packageRoot } from './package-root.ts';

/** Days after which a folder that no synthesis asked for is deleted. */
const stagedDays = 1;
const dayMs = 86_400_000;

/** The cache beside the installed packages, be this package a checkout or one of them. */
function cacheFolder(): string {
  const parent = dirname(packageRoot);
  const modules = parent.endsWith('node_modules') ? parent : join(packageRoot, 'node_modules');
  return join(modules, '.cache', 'evergreen');
}

/** The path of something that may be thrown away at any time, such as the folders of {@link stagedFolder}. */
export function stagedPath(name: string): string {
  const folder = join(cacheFolder(), 'staged');
  mkdirSync(folder, { recursive: true });
  return join(folder, name);
}

/**
 * A folder that is filled once and kept.
 *
 * It appears whole or not at all: several processes may ask for one folder at a time, and each may be killed.
 */
function folderAt(path: string, fill: (folder: string) => void): string {
  if (existsSync(path)) return path;
  mkdirSync(dirname(path), { recursive: true });
  const unfinished = mkdtempSync(`${path}.tmp-`);
  try {
    fill(unfinished);
    renameSync(unfinished, path);
  } catch (thrown) {
    rmSync(unfinished, { recursive: true, force: true });
    // Another process was first; its folder holds the same.
    if (!existsSync(path)) throw thrown;
  }
  return path;
}

/** A folder that costs a download: it stays until somebody deletes it. */
export function fetchedFolder(name: string, fill: (folder: string) => void): string {
  return folderAt(join(cacheFolder(), name), fill);
}

/**
 * A folder made of local files, found again by later syntheses.
 *
 * @param name Says everything that the content depends on, by versions or by a digest.
 */
export function stagedFolder(name: string, fill: (folder: string) => void): string {
  const folder = folderAt(stagedPath(name), fill);
  stillWanted(folder);
  sweep();
  return folder;
}

/** Keeps a folder from being swept away. */
export function stillWanted(folder: string): void {
  const now = new Date();
  utimesSync(folder, now, now);
}

/** Deletes what no synthesis has asked for lately, so that the cache does not grow with every edit. */
function sweep(): void {
  const oldest = Date.now() - stagedDays * dayMs;
  const folder = join(cacheFolder(), 'staged');
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    const seen = statSync(path, { throwIfNoEntry: false })?.mtimeMs;
    if (seen !== undefined && seen < oldest) rmSync(path, { recursive: true, force: true });
  }
}
