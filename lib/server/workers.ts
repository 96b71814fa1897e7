import cluster, { type Worker } from 'node:cluster';
import { join } from 'node:path';
import { EvergreenError } from '../shared/errors.ts';
import { AllMetrics } from './all-metrics.ts';
import type { ServerSettings } from './settings.ts';
import { fromWorker, type ToWorker } from './worker-messages.ts';

/** Deaths in a row, each soon after the start, after which another worker would only die too. */
const mostEarlyDeaths = 5;
const earlyMs = 5000;
/** Beyond the time that requests in flight get. */
const endMs = 2000;

/**
 * Young objects of a request are gone with it: more room for them is memory that nobody uses. To sweep so little takes a
 * tenth of a millisecond, hundreds of times a second: to wake other threads for it takes longer, and a request waits.
 */
const collectorFlags = ['--max-semi-space-size=2', '--no-parallel-scavenge', '--v8-pool-size=1'];

interface Watched {
  worker: Worker;
  startedAt: number;
  heardAt: number;
  isListening: boolean;
}

export interface WorkerGroup {
  port: number;
  /** Lets every worker end its requests; resolves to whether all did in time. */
  stop(): Promise<boolean>;
  /** Rejects when no worker can be kept running. */
  failed: Promise<never>;
}

export interface WorkerGroupParts {
  settings: ServerSettings;
  serverVersion: string;
  log(fields: Record<string, unknown>): void;
  /** Variables of the workers beside those of this process; undefined takes one away. */
  environment?: NodeJS.ProcessEnv;
  now?: () => number;
  /** @default the worker beside this file */
  program?: string;
}

/** Workers that share one port. One that dies is replaced; one that is silent too long is killed, then replaced. */
export class Workers {
  readonly #parts: Required<WorkerGroupParts>;
  readonly #watched = new Map<number, Watched>();
  readonly #metrics = new AllMetrics((ask) => {
    for (const { worker } of this.#watched.values()) send(worker, { kind: 'tell-metrics', ask });
    return this.#watched.keys();
  });
  #earlyDeaths = 0;
  #isStopping = false;
  #port: number | undefined;
  #timer: NodeJS.Timeout | undefined;
  #fail: (error: EvergreenError) => void = () => undefined;

  constructor(parts: WorkerGroupParts) {
    const program = join(import.meta.dirname, `worker.${import.meta.filename.split('.').at(-1)}`);
    this.#parts = { now: Date.now, program, environment: {}, ...parts };
  }

  /** @throws EvergreenError when the first workers cannot begin. */
  async start(): Promise<WorkerGroup> {
    const { settings, program } = this.#parts;
    const execArgv = [...process.execArgv, ...collectorFlags];
    cluster.setupPrimary({ exec: program, args: [], execArgv });
    const failed = new Promise<never>((_, reject) => {
      this.#fail = reject;
    });
    failed.catch(() => undefined);
    const listening = Array.from({ length: settings.workers }, () => this.#fork());
    await Promise.race([Promise.all(listening), failed]);
    this.#timer = setInterval(() => this.#killSilent(), 500);
    return { port: this.#port ?? settings.port, stop: () => this.#stop(), failed };
  }

  #fork(): Promise<void> {
    const { now, log, settings, serverVersion, environment } = this.#parts;
    // Of port 0 only the first worker may choose.
    const port = this.#port ?? settings.port;
    const worker = cluster.fork({
      // One thread does nearly all that takes memory: a part of it for each of the others is memory that nobody uses.
      MALLOC_ARENA_MAX: process.env.MALLOC_ARENA_MAX ?? '1',
      ...environment,
      EVERGREEN_SERVER_SETTINGS: JSON.stringify({ ...settings, port }),
      EVERGREEN_VERSION: serverVersion,
    });
    const watched: Watched = { worker, startedAt: now(), heardAt: now(), isListening: false };
    this.#watched.set(worker.id, watched);
    worker.on('exit', (code, signal) => {
      this.#watched.delete(worker.id);
      this.#metrics.forget(worker.id);
      if (this.#isStopping) return;
      log({ level: 'error', kind: 'worker-died', pid: worker.process.pid, code, signal });
      const isEarly = now() - watched.startedAt < earlyMs;
      this.#earlyDeaths = isEarly ? this.#earlyDeaths + 1 : 0;
      if (this.#earlyDeaths < mostEarlyDeaths) void this.#fork();
      else
        this.#fail(
          new EvergreenError('service-unavailable', 'workers die as soon as they begin; see the log'),
        );
    });
    return new Promise((resolve) => {
      worker.on('message', (given: unknown) => {
        const message = fromWorker.parse(given);
        watched.heardAt = now();
        switch (message.kind) {
          case 'listening':
            watched.isListening = true;
            this.#port = message.port;
            log({ level: 'info', kind: 'worker-listening', pid: worker.process.pid, port: message.port });
            resolve();
            return;
          case 'unfit':
            this.#isStopping = true;
            this.#fail(new EvergreenError('request-invalid', message.message));
            return;
          case 'ask-metrics':
            void this.#metrics
              .collect()
              .then((parts) => send(worker, { kind: 'all-metrics', ask: message.ask, parts }));
            return;
          case 'metrics':
            this.#metrics.take(message.ask, worker.id, message.metrics);
        }
      });
    });
  }

  #killSilent(): void {
    const { now, settings, log } = this.#parts;
    for (const { worker, heardAt, isListening } of this.#watched.values()) {
      // A worker that begins may load large models, which blocks it.
      const patience = settings.stuckSeconds * 1000 * (isListening ? 1 : 6);
      if (now() - heardAt <= patience) continue;
      log({ level: 'error', kind: 'worker-stuck', pid: worker.process.pid, silentMs: now() - heardAt });
      worker.process.kill('SIGKILL');
    }
  }

  async #stop(): Promise<boolean> {
    const { settings } = this.#parts;
    this.#isStopping = true;
    clearInterval(this.#timer);
    const ends = [...this.#watched.values()].map(
      ({ worker }) =>
        new Promise<boolean>((resolve) => {
          const timer = setTimeout(
            () => worker.process.kill('SIGKILL'),
            settings.drainSeconds * 1000 + endMs,
          );
          worker.once('exit', (code) => {
            clearTimeout(timer);
            resolve(code === 0);
          });
          send(worker, { kind: 'drain' });
        }),
    );
    return (await Promise.all(ends)).every(Boolean);
  }
}

/** A worker that is gone hears nothing, and its end is told elsewhere. */
function send(worker: Worker, message: ToWorker): void {
  if (worker.isConnected()) worker.send(message, () => undefined);
}
