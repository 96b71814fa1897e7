import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { installPythonTool, type MissingTool } from '../python-tool.ts';

const run = promisify(execFile);

/** Gives the folder of its programs. */
export function installReferenceVerifier(): Promise<string | MissingTool> {
  return installPythonTool('model-signing', fileURLToPath(new URL('./requirements.txt', import.meta.url)));
}

export interface Verdict {
  isAccepted: boolean;
  said: string;
}

/**
 * Holds the files of a folder against a bundle, as a person with the public key would.
 *
 * @param programs Where the verifier was installed.
 */
export async function verifyWithReference(
  programs: string,
  model: string,
  bundle: string,
  publicKey: string,
): Promise<Verdict> {
  const args = ['verify', 'key', model, '--signature', bundle, '--public_key', publicKey];
  try {
    const { stdout, stderr } = await run(join(programs, 'model_signing'), args);
    return { isAccepted: true, said: stdout + stderr };
  } catch (failed) {
    const { code, stdout, stderr } = failed as { code: unknown; stdout: string; stderr: string };
    if (typeof code !== 'number') throw failed;
    return { isAccepted: false, said: stdout + stderr };
  }
}
