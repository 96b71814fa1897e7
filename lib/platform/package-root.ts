import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

function rootAbove(folder: string): string {
  const isRoot = existsSync(join(folder, 'package.json')) && existsSync(join(folder, 'statemachines'));
  if (isRoot || dirname(folder) === folder) return folder;
  return rootAbove(dirname(folder));
}

/** The folder of this package: a checkout, or a folder of another project's node_modules. */
export const packageRoot = rootAbove(import.meta.dirname);
