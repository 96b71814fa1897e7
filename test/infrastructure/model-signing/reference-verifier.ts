import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { repositoryRoot } from '../../../lib/local/home.ts';
import { underLock } from '../../../lib/local/lock.mjs';
import { sha256 } from '../../../lib/shared/digest.ts';

const run = promisify(execFile);
const requirements = fileURLToPath(new URL('./requirements.txt', import.meta.url));
const folder = join(repositoryRoot, '.evergreen', 'model-signing');
const program = join(folder, 'bin', 'model_signing');
const stamp = join(folder, '.stamp');
const timeLimitMs = 200_000;

/** What an installation is made from; a virtual environment holds absolute paths. */
const wanted = () => `${sha256(readFileSync(requirements))} ${folder}`;

const isInstalled = () =>
  existsSync(program) && existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted();

/** Installs the reference verifier below `.evergreen/`, unless an earlier run of the tests did. */
export async function installReferenceVerifier(): Promise<void> {
  mkdirSync(join(repositoryRoot, '.evergreen'), { recursive: true });
  const lock = { what: 'the reference verifier', waitMs: timeLimitMs, say: () => {} };
  await underLock(`${folder}.lock`, lock, async () => {
    if (isInstalled()) return;
    rmSync(folder, { recursive: true, force: true });
    await run(join(repositoryRoot, '.venv', 'bin', 'python'), ['-m', 'venv', folder]);
    const quietly = ['--quiet', '--no-input', '--disable-pip-version-check', '--retries', '2'];
    await run(join(folder, 'bin', 'python'), ['-m', 'pip', 'install', ...quietly, '-r', requirements], {
      timeout: timeLimitMs,
    });
    writeFileSync(stamp, wanted());
  });
}

export interface Verdict {
  isAccepted: boolean;
  said: string;
}

/** Holds the files of a folder against a bundle, as a person with the public key would. */
export async function verifyWithReference(
  model: string,
  bundle: string,
  publicKey: string,
): Promise<Verdict> {
  const args = ['verify', 'key', model, '--signature', bundle, '--public_key', publicKey];
  try {
    const { stdout, stderr } = await run(program, args);
    return { isAccepted: true, said: stdout + stderr };
  } catch (failed) {
    const { code, stdout, stderr } = failed as { code: unknown; stdout: string; stderr: string };
    if (typeof code !== 'number') throw failed;
    return { isAccepted: false, said: stdout + stderr };
  }
}
