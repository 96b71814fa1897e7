import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { sha256 } from '../lib/shared/digest.ts';

/** Environments of the Python peers, kept from one run to the next. */
const home = fileURLToPath(new URL('../.evergreen/bench', import.meta.url));

/**
 * The folder of programs of an environment that has what a file of requirements says; made when there is none.
 *
 * @param requirements Path of `requirements-<name>.txt`; the environment has its name.
 */
export function environmentOf(requirements: string, say: (line: string) => void): string {
  const name = basename(requirements, '.txt').replace('requirements-', '');
  const folder = join(home, name);
  const stamp = join(folder, '.stamp');
  const wanted = sha256(readFileSync(requirements));
  if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== wanted) {
    say(`installing ${name} into .evergreen/bench/${name}`);
    mkdirSync(home, { recursive: true });
    const run = (command: string, ...args: string[]) =>
      execFileSync(command, args, { stdio: ['ignore', 'ignore', 'inherit'] });
    run('python3', '-m', 'venv', '--clear', folder);
    run(join(folder, 'bin', 'pip'), 'install', '--quiet', '-r', requirements);
    writeFileSync(stamp, wanted);
  }
  return join(folder, 'bin');
}
