import { parseArgs } from 'node:util';
import { exportAt, settingsOf } from '../lib/server/serve-options.ts';
import { Workers } from '../lib/server/workers.ts';
import { EvergreenError, messageOf } from '../lib/shared/errors.ts';
import packageFile from '../package.json' with { type: 'json' };

/* `evergreen serve` of an export, alone: what a container runs. It logs JSON lines, and ends when it is told to. */

const text = { type: 'string' } as const;
const options = {
  models: text,
  host: text,
  port: text,
  workers: text,
  keys: text,
  open: { type: 'boolean' },
  'tls-cert': text,
  'tls-key': text,
  trust: text,
  capture: text,
  'most-in-flight': text,
  'memory-budget': text,
} as const;

const log = (entry: object) =>
  void process.stderr.write(`${JSON.stringify({ at: new Date().toISOString(), ...entry })}\n`);

const toNumber = (given: string | undefined) => (given === undefined ? undefined : Number(given));

function readSettings() {
  const { values } = parseArgs({ options });
  const { models, 'tls-cert': tlsCert, 'tls-key': tlsKey, 'most-in-flight': mostInFlight } = values;
  if (models === undefined) {
    throw new EvergreenError('usage-invalid', 'say --models <folder or s3://bucket/prefix>');
  }
  return settingsOf(exportAt(models), {
    ...values,
    port: toNumber(values.port),
    workers: toNumber(values.workers),
    mostInFlight: toNumber(mostInFlight),
    memoryBudget: toNumber(values['memory-budget']),
    tlsCert,
    tlsKey,
  });
}

try {
  const settings = readSettings();
  const group = await new Workers({ settings, serverVersion: packageFile.version, log }).start();
  const told = new Promise<string>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, resolve);
  });
  log({ level: 'info', kind: 'serving', host: settings.host, port: group.port, workers: settings.workers });
  const signal = await Promise.race([told, group.failed]);
  log({ level: 'info', kind: 'stopping', signal });
  const isWhole = await group.stop();
  log({ level: isWhole ? 'info' : 'error', kind: 'stopped', isWhole });
  process.exit(isWhole ? 0 : 1);
} catch (thrown) {
  log({ level: 'error', kind: 'failed', message: messageOf(thrown) });
  process.exit(thrown instanceof EvergreenError && thrown.kind === 'invalid' ? 2 : 1);
}
