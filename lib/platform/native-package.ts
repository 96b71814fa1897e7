import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { extract } from 'tar';
import * as z from 'zod';
import { EvergreenError, messageOf } from '../shared/errors.ts';
import { packageRoot } from './package-root.ts';
import { fetchedFolder } from './staged-folder.ts';

const require = createRequire(import.meta.url);

/** The folder of an installed package. */
export function packageFolder(name: string): string {
  const paths = require.resolve.paths(name) ?? [];
  const folder = paths
    .map((path) => join(path, name))
    .find((candidate) => existsSync(join(candidate, 'package.json')));
  if (folder) return folder;
  throw new EvergreenError('setup-failed', `package ${name} is not installed; run \`npm ci\``);
}

/** The pins of a checkout, and what is left of them in an installed package, which npm gives no lock file. */
const pinFiles = ['package-lock.json', 'native-packages.json'].map((name) => join(packageRoot, name));

export const pins = z.object({
  packages: z.record(
    z.string(),
    z.object({ version: z.string().optional(), integrity: z.string().optional() }),
  ),
});

function pinOf(name: string): { version: string; integrity: string } {
  const file = pinFiles.find((path) => existsSync(path));
  const { packages } = file ? pins.parse(JSON.parse(readFileSync(file, 'utf8'))) : { packages: {} };
  const { version, integrity } = packages[`node_modules/${name}`] ?? {};
  if (version && integrity) return { version, integrity };
  throw new EvergreenError('setup-failed', `${file ?? pinFiles[0]} does not pin ${name}`);
}

/**
 * The folder of a package built for another architecture than this machine's, which npm leaves out when it installs:
 * fetched in the version that is pinned, and held against its digest there.
 */
export function foreignPackageFolder(name: string): string {
  const { version, integrity } = pinOf(name);
  const folder = fetchedFolder(`${name.replace('/', '+')}@${version}`, (target) => {
    try {
      const options = ['--silent', '--pack-destination', target];
      const packed = execFileSync('npm', ['pack', `${name}@${version}`, ...options], { encoding: 'utf8' });
      const archive = join(target, packed.trim().split('\n').at(-1) ?? '');
      const digest = `sha512-${createHash('sha512').update(readFileSync(archive)).digest('base64')}`;
      if (digest !== integrity) throw new Error(`its digest is ${digest}, not ${integrity}`);
      extract({ file: archive, cwd: target, sync: true });
      rmSync(archive);
    } catch (cause) {
      throw new EvergreenError(
        'setup-failed',
        `package ${name}@${version} could not be fetched: ${messageOf(cause)}`,
        { cause },
      );
    }
  });
  return join(folder, 'package');
}
