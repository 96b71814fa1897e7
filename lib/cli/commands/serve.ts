import packageFile from '../../../package.json' with { type: 'json' };
import { exportAt, type ServeOptions, settingsOf } from '../../server/serve-options.ts';
import type { ServerSettings } from '../../server/settings.ts';
import { Workers } from '../../server/workers.ts';
import { connect } from '../connection.ts';
import type { Context } from '../context.ts';
import { fields, lines, type Outcome } from '../outcome.ts';

interface Place {
  source: ServerSettings['source'];
  environment: NodeJS.ProcessEnv;
}

/** From a folder, an S3 address, or without either the deployed registry. */
async function placeOf(context: Context, models: string | undefined): Promise<Place> {
  if (models !== undefined) return { source: exportAt(models), environment: process.env };
  const { outputs, environment } = await connect(context);
  const source = {
    kind: 'registry' as const,
    registryTable: outputs.RegistryTable,
    modelBucket: outputs.ModelBucket,
    signingKey: outputs.SigningKeyArn,
    hashKey: outputs.HashKeyArn,
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
