import { createHash } from 'node:crypto';
import {
  appendFileSync,
  copyFileSync,
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { create } from 'tar';

export interface SourceArchive {
  file: string;
  /** SHA-256 over the names and contents of what is inside. */
  digest: string;
  program: string;
}

/** What is shipped to a training job; tests and caches are not. */
const shipped = ['train.py', 'requirements.txt', 'evergreen_training'];

function filesBelow(folder: string, prefix = ''): string[] {
  return readdirSync(join(folder, prefix))
    .sort()
    .flatMap((name) => {
      const path = prefix === '' ? name : `${prefix}/${name}`;
      return statSync(join(folder, path)).isDirectory() ? filesBelow(folder, path) : [path];
    });
}

/**
 * Packs the training code of a model as SageMaker's script mode unpacks it.
 *
 * Equal sources give equal bytes: names in order, no times, no owners.
 *
 * @param trainingFolder The Python package of the product.
 * @param own The model's own script, which takes the place of train.py, and the requirements it adds.
 */
export function packTrainingSource(
  trainingFolder: string,
  own: { trainScript?: string; trainRequirements?: string } = {},
): SourceArchive {
  const folder = mkdtempSync(join(tmpdir(), 'evergreen-source-'));
  try {
    for (const name of shipped) {
      cpSync(join(trainingFolder, name), join(folder, name), {
        recursive: true,
        filter: (path) => !path.includes('__pycache__'),
      });
    }
    if (own.trainScript !== undefined) copyFileSync(own.trainScript, join(folder, 'train.py'));
    if (own.trainRequirements !== undefined) {
      appendFileSync(
        join(folder, 'requirements.txt'),
        `\n# Of the model.\n${readFileSync(own.trainRequirements)}`,
      );
    }
    return pack(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function pack(folder: string): SourceArchive {
  const files = filesBelow(folder);
  const hash = createHash('sha256');
  for (const file of files) {
    const content = readFileSync(join(folder, file));
    hash.update(`${file}\0${content.length}\0`).update(content);
  }
  const archive = join(mkdtempSync(join(tmpdir(), 'evergreen-source-')), 'sourcedir.tar.gz');
  create(
    {
      file: archive,
      cwd: folder,
      sync: true,
      gzip: true,
      portable: true,
      mtime: new Date(0),
      noDirRecurse: true,
    },
    files,
  );
  return { file: archive, digest: hash.digest('hex'), program: 'train.py' };
}
