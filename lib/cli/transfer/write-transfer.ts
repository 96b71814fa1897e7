import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { create } from 'tar';
import { EvergreenError } from '../../shared/errors.ts';
import { manifestFile } from './transfer-manifest.ts';

const isArchive = (place: string) => /\.(tar|tar\.gz|tgz)$/.test(place);

/**
 * Lets a folder be filled, and puts it where it was asked for: as it is, or as one tar file by its name. Whoever looks
 * sees it whole or not at all.
 *
 * @throws EvergreenError `usage-invalid` when the place is a folder with something in it.
 */
export async function writeTransfer<Filled>(
  place: string,
  fill: (folder: string) => Promise<Filled>,
): Promise<Filled> {
  const target = resolve(place);
  if (!isArchive(target) && existsSync(target) && readdirSync(target).length > 0) {
    throw new EvergreenError(
      'usage-invalid',
      `${place} is not empty; name a new folder, or a file that ends with .tar, .tar.gz or .tgz`,
    );
  }
  mkdirSync(dirname(target), { recursive: true });
  const work = mkdtempSync(`${target}.part-`);
  try {
    const folder = join(work, 'content');
    mkdirSync(join(folder, 'objects'), { recursive: true });
    const filled = await fill(folder);
    if (!isArchive(target)) {
      // An empty folder may be there; a name is only taken over from nothing, or from that.
      rmSync(target, { recursive: true, force: true });
      renameSync(folder, target);
      return filled;
    }
    const file = join(work, 'archive');
    const gzip = !target.endsWith('.tar');
    const objects = readdirSync(join(folder, 'objects')).sort();
    // The manifest first: it says what of the rest is to be read.
    await create({ file, cwd: folder, gzip, portable: true, noDirRecurse: true, strict: true }, [
      manifestFile,
      ...objects.map((name) => `objects/${name}`),
    ]);
    renameSync(file, target);
    return filled;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Writes the last file of an export, once all others are there. */
export function writeManifest(folder: string, text: string): void {
  writeFileSync(join(folder, manifestFile), text);
}
