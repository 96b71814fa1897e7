import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The checkout this code lies in. */
export const repositoryRoot = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** Where everything lies that the local engine leaves behind. */
export interface Home {
  folder: string;
  engineRecord: string;
  deployRecord: string;
  state: string;
  reports: string;
  cdkOutput: string;
  lock: string;
  engineLog: string;
  deployLog: string;
}

/** `.evergreen/` of the checkout, or the folder EVERGREEN_HOME names. */
export function homeAt(
  variables: Record<string, string | undefined> = process.env,
  root: string = repositoryRoot,
): Home {
  const folder = resolve(root, variables.EVERGREEN_HOME ?? '.evergreen');
  return {
    folder,
    engineRecord: join(folder, 'engine.json'),
    deployRecord: join(folder, 'state', 'deployed.json'),
    state: join(folder, 'state'),
    reports: join(folder, 'reports'),
    cdkOutput: join(folder, 'cdk.out'),
    lock: join(folder, 'engine.lock'),
    engineLog: join(folder, 'logs', 'engine.log'),
    deployLog: join(folder, 'logs', 'deploy.log'),
  };
}
