import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { repositoryRoot } from './home.ts';

/** Where the engine listens, as its callers see it. */
export interface EngineAddress {
  port: number;
  region: string;
}

export const engineRegion = 'us-east-1';

/**
 * Keys of the engine's root principal; they open nothing but a port of this machine.
 * With its checks on, the engine lets exactly this key id do everything, as an account's root user may.
 */
export const engineCredentials = { accessKeyId: 'test', secretAccessKey: 'test' };

export function engineEndpoint(port: number): string {
  return `http://127.0.0.1:${port}`;
}

/**
 * Variables for a process that works against the engine. Whatever AWS settings the person has are left out, so that
 * no call and no credential can go astray to an account.
 */
export function engineEnvironment(
  address: EngineAddress,
  variables: NodeJS.ProcessEnv = process.env,
  root: string = repositoryRoot,
): NodeJS.ProcessEnv {
  const own = Object.entries(variables).filter(
    ([name]) => (!name.startsWith('AWS_') || name === 'AWS_CA_BUNDLE') && !name.startsWith('CDK_'),
  );
  return {
    ...Object.fromEntries(own),
    PATH: toolPath(root, variables.PATH),
    // Where Spark lies, when somebody has put it there; the engine says how when a job asks for it.
    EVERGREEN_SPARK: variables.EVERGREEN_SPARK ?? join(root, '.evergreen', 'spark'),
    AWS_ACCESS_KEY_ID: engineCredentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: engineCredentials.secretAccessKey,
    AWS_REGION: address.region,
    AWS_DEFAULT_REGION: address.region,
    AWS_ENDPOINT_URL: engineEndpoint(address.port),
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_CONFIG_FILE: '/dev/null',
    AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
    // Calls to the loopback address never go through a proxy.
    NO_PROXY: [variables.NO_PROXY ?? variables.no_proxy, '127.0.0.1', 'localhost'].filter(Boolean).join(','),
  };
}

/** Node of the product's version and its Python come first, whatever the machine has. */
export function toolPath(root: string, path: string | undefined): string {
  const own = [join(root, 'node_modules', '.bin'), join(root, '.venv', 'bin')].filter((folder) =>
    existsSync(folder),
  );
  return [...new Set([...own, ...(path ?? '').split(delimiter)])].join(delimiter);
}
