import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { repositoryRoot } from '../../lib/local/home.ts';
import { underLock } from '../../lib/local/lock.mjs';
import { findPython } from '../../lib/local/set-up.mjs';
import { sha256 } from '../../lib/shared/digest.ts';
import { messageOf } from '../../lib/shared/errors.ts';

const run = promisify(execFile);
const timeLimitMs = 200_000;

/** Why a tool is not there. */
export interface MissingTool {
  missing: string;
}

/**
 * Installs a tool that tests hold us against, in an environment of its own below `.evergreen/`, unless an earlier run
 * did. Where packages can be had, as in continuous integration, one that cannot be installed is a failure.
 *
 * @param requirements Path of a file of pinned packages.
 * @returns Folder of its programs.
 */
export async function installPythonTool(name: string, requirements: string): Promise<string | MissingTool> {
  const folder = join(repositoryRoot, '.evergreen', name);
  const stamp = join(folder, '.stamp');
  // A virtual environment holds absolute paths.
  const wanted = `${sha256(readFileSync(requirements))} ${folder}`;
  mkdirSync(join(repositoryRoot, '.evergreen'), { recursive: true });
  try {
    await underLock(`${folder}.lock`, { what: name, waitMs: timeLimitMs, say: () => {} }, async () => {
      if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
      rmSync(folder, { recursive: true, force: true });
      await run(findPython().path, ['-m', 'venv', folder]);
      const quietly = ['--quiet', '--no-input', '--disable-pip-version-check', '--retries', '2'];
      await run(join(folder, 'bin', 'python'), ['-m', 'pip', 'install', ...quietly, '-r', requirements], {
        timeout: timeLimitMs,
      });
      writeFileSync(stamp, wanted);
    });
    return join(folder, 'bin');
  } catch (thrown) {
    if (process.env.CI) throw thrown;
    const missing = `${name} could not be installed: ${messageOf(thrown).trim().split('\n').at(-1)}`;
    process.stderr.write(`not run: ${missing}\n`);
    return { missing };
  }
}
