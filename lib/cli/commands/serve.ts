import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import packageFile from '../../../package.json' with { type: 'json' };
import { type ServerSettings, serverSettings } from '../../server/settings.ts';
import { Workers } from '../../server/workers.ts';
import { EvergreenError } from '../../shared/errors.ts';
import { connect } from '../connection.ts';
import type { Context } from '../context.ts';
import { fields, lines, type Outcome } from '../outcome.ts';

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
}

interface Place {
  source: ServerSettings['source'];
  environment: NodeJS.ProcessEnv;
}

/** From a folder, an S3 address, or without either the deployed registry. */
async function placeOf(context: Context, models: string | undefined): Promise<Place> {
  const s3 = /^s3:\/\/([^/]+)\/?(.*)$/.exec(models ?? '');
  if (s3) {
    const [, bucket = '', path = ''] = s3;
    const prefix = path === '' || path.endsWith('/') ? path : `${path}/`;
    return { source: { kind: 's3', bucket, prefix }, environment: process.env };
  }
  if (models !== undefined) {
    const path = resolve(models);
    if (!existsSync(path)) {
      throw new EvergreenError(
        'usage-invalid',
        `there is no folder ${path}; make one with \`npx evergreen export <model> --out ${models}\``,
      );
    }
    return { source: { kind: 'folder', path }, environment: process.env };
  }
  const { outputs, environment } = await connect(context);
  const source = {
    kind: 'registry' as const,
    registryTable: outputs.RegistryTable,
    modelBucket: outputs.ModelBucket,
    signingKey: outputs.SigningKeyArn,
    modelNames: outputs.Models.split(',').filter(Boolean),
  };
  // Those of this process that do not belong to the target are taken away.
  const foreign = Object.keys(process.env).filter(
    (name) => name.startsWith('AWS_') && !(name in environment),
  );
  return {
    source,
    environment: { ...environment, ...Object.fromEntries(foreign.map((name) => [name, undefined])) },
  };
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

function settingsOf(source: ServerSettings['source'], options: ServeOptions): ServerSettings {
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
  return serverSettings.parse({
    source,
    host,
    port: options.port,
    workers: options.workers ?? availableParallelism(),
    keyDigests: keys === undefined ? [] : readKeyDigests(keys),
    tls: tlsCert === undefined || tlsKey === undefined ? undefined : { certFile: tlsCert, keyFile: tlsKey },
    trustFile: options.trust,
    captureFolder: options.capture,
    mostInFlight: options.mostInFlight,
  });
}

/** Answers predictions from this machine until it is told to stop. */
export async function serve(context: Context, options: ServeOptions): Promise<Outcome> {
  const { source, environment } = await placeOf(context, options.models);
  const settings = settingsOf(source, options);
  const interrupt = context.takeInterrupt();
  const workers = new Workers({
    settings,
    serverVersion: packageFile.version,
    environment,
    log: (entry) =>
      process.stderr.write(`${JSON.stringify({ at: context.now().toISOString(), ...entry })}\n`),
  });
  const group = await workers.start();
  const url = `${settings.tls ? 'https' : 'http'}://${settings.host}:${group.port}`;
  context.publish({
    data: { url, port: group.port, workers: settings.workers, source: source.kind },
    view: [
      fields(['server', url], ['workers', settings.workers], ['models from', source.kind]),
      lines(
        'Try next, in another terminal:',
        `  curl ${url}/v2/health/ready`,
        `  curl ${url}/metrics`,
        'Ctrl-C lets requests in flight end, then stops.',
      ),
    ],
  });
  const stopped = new Promise<void>((done) => {
    if (interrupt.aborted) done();
    else interrupt.addEventListener('abort', () => done(), { once: true });
  });
  await Promise.race([stopped, group.failed]);
  const isWhole = await group.stop();
  const text = isWhole ? 'stopped' : 'stopped; requests that took too long were cut off';
  context.progress({ kind: 'note', text });
  return {
    data: { url, isWhole },
    view: [lines(text)],
    isPublished: true,
    exitCode: isWhole ? 0 : 1,
  };
}
