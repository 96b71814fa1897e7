import { AggregatorRegistry } from 'prom-client';
import { messageOf } from '../shared/errors.ts';
import type { ServerMetrics } from './metrics.ts';
import { modelSourceOf } from './model-source.ts';
import { startServer } from './server.ts';
import { serverSettings } from './settings.ts';
import { type FromWorker, toWorker } from './worker-messages.ts';

/* A process that answers requests. The first process starts it, hears from it, and ends it when it falls silent. */

const aliveEveryMs = 500;
const metricsDeadlineMs = 2000;

/** Nobody hears it any more once the first process is gone, which ends this one too. */
const send = (message: FromWorker) =>
  void (process.connected && process.send?.(message, undefined, undefined, () => undefined));

// The first process says when to stop; a terminal's Ctrl-C reaches every process of the group.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
process.on('disconnect', () => process.exit(1));

const asked = new Map<number, (parts: unknown[][]) => void>();
let asks = 0;

/** The metrics of all workers, by way of the first process; those of this one when it does not answer. */
async function readAllMetrics(own: ServerMetrics): Promise<string> {
  const ask = ++asks;
  const all = new Promise<unknown[][] | undefined>((resolve) => {
    asked.set(ask, resolve);
    setTimeout(() => resolve(undefined), metricsDeadlineMs).unref();
  });
  send({ kind: 'ask-metrics', ask });
  const parts = await all.finally(() => asked.delete(ask));
  return (parts ? AggregatorRegistry.aggregate(parts) : own.registry).metrics();
}

try {
  // From now on: loading many models takes long, and is no silence.
  send({ kind: 'alive' });
  setInterval(() => send({ kind: 'alive' }), aliveEveryMs).unref();
  const settings = serverSettings.parse(JSON.parse(process.env.EVERGREEN_SERVER_SETTINGS ?? ''));
  const server = await startServer({
    settings,
    source: await modelSourceOf(settings),
    serverVersion: process.env.EVERGREEN_VERSION ?? 'unknown',
    log: (line) => process.stdout.write(`${line}\n`),
    readMetrics: readAllMetrics,
  });
  process.on('message', async (given) => {
    const message = toWorker.parse(given);
    switch (message.kind) {
      case 'all-metrics':
        asked.get(message.ask)?.(message.parts);
        return;
      case 'tell-metrics':
        send({
          kind: 'metrics',
          ask: message.ask,
          metrics: await server.metrics.registry.getMetricsAsJSON(),
        });
        return;
      case 'drain':
        process.exit((await server.stop()) === 0 ? 0 : 1);
    }
  });
  send({ kind: 'listening', port: server.port });
} catch (thrown) {
  send({ kind: 'unfit', message: messageOf(thrown) });
  process.exitCode = 1;
  process.disconnect?.();
}
