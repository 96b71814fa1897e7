import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { EvergreenError } from '../shared/errors.ts';
import { type ServerSettings, serverSettings } from './settings.ts';

/** What a person says on the command line. */
export interface ServeOptions {
  models?: string;
  host?: string;
  port?: number;
  workers?: number;
  keys?: string;
  open?: boolean;
  tlsCert?: string;
  tlsKey?: string;
  trust?: string;
  capture?: string;
  mostInFlight?: number;
  memoryBudget?: number;
}

/** An export in a folder, or at an S3 address. */
export function exportAt(models: string): ServerSettings['source'] {
  const s3 = /^s3:\/\/([^/]+)\/?(.*)$/.exec(models);
  if (s3) {
    const [, bucket = '', path = ''] = s3;
    return { kind: 's3', bucket, prefix: path === '' || path.endsWith('/') ? path : `${path}/` };
  }
  const path = resolve(models);
  if (existsSync(path)) return { kind: 'folder', path };
  throw new EvergreenError(
    'usage-invalid',
    `there is no folder ${path}; make one with \`npx evergreen export <model> --out ${models}\``,
  );
}

/** One key a line; blank lines and those that begin with # are left out. */
function readKeyDigests(file: string): string[] {
  const keys = readFileSync(file, 'utf8')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
  if (keys.length === 0)
    throw new EvergreenError('usage-invalid', `--keys ${file} holds no key; write one a line`);
  return keys.map((key) => createHash('sha256').update(key).digest('hex'));
}

const isLoopback = (host: string) => host === 'localhost' || host === '::1' || host.startsWith('127.');

/** @throws EvergreenError `usage-invalid`. */
export function settingsOf(source: ServerSettings['source'], options: ServeOptions): ServerSettings {
  const { host = '127.0.0.1', keys, tlsCert, tlsKey } = options;
  if ((tlsCert === undefined) !== (tlsKey === undefined)) {
    throw new EvergreenError('usage-invalid', '--tls-cert and --tls-key go together; give both');
  }
  if (!isLoopback(host) && keys === undefined && options.open !== true) {
    throw new EvergreenError(
      'usage-invalid',
      `${host} can be reached from other machines; name a file of keys with --keys, or say --open to let everybody in`,
    );
  }
  const settings = serverSettings.safeParse({
    source,
    host,
    port: options.port,
    workers: options.workers ?? availableParallelism(),
    keyDigests: keys === undefined ? [] : readKeyDigests(keys),
    tls: tlsCert === undefined || tlsKey === undefined ? undefined : { certFile: tlsCert, keyFile: tlsKey },
    trustFile: options.trust,
    captureFolder: options.capture,
    mostInFlight: options.mostInFlight,
    memoryBudgetMib: options.memoryBudget,
  });
  if (settings.success) return settings.data;
  const faults = settings.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
  throw new EvergreenError('usage-invalid', faults.join('; '));
}
