import { readFile } from 'node:fs/promises';
import { totalmem } from 'node:os';
import { batchRequests } from '../inference/batching.ts';
import { lineWriter } from '../inference/capture.ts';
import { isCaptured } from '../inference/capture-share.ts';
import type { ModelSource } from '../inference/live-models.ts';
import { mebibyte, memoryBudgetOf } from '../inference/memory-budget.ts';
import { describeApi } from '../inference/openapi.ts';
import { Serving } from '../inference/serving.ts';
import type { Answered } from '../inference/serving-event.ts';
import { captureFile } from './capture-file.ts';
import { HttpDoor } from './http-door.ts';
import { ServerMetrics } from './metrics.ts';
import type { ServerSettings } from './settings.ts';

export interface RunningServer {
  port: number;
  metrics: ServerMetrics;
  /** Resolves to the number of requests that were cut off. */
  stop(): Promise<number>;
}

/** Where answers are kept. */
export interface AnswerCapture {
  /** Never waits and never throws. */
  take(event: Answered): void;
  close(): Promise<void>;
}

export interface ServerParts {
  settings: ServerSettings;
  source: ModelSource;
  serverVersion: string;
  /** Takes one line of the log. */
  log(line: string): void;
  /** @default those of this process alone */
  readMetrics?: (own: ServerMetrics) => Promise<string>;
  /** @param onDrop Told of each answer that is not kept. @default - a file in the folder that the settings name */
  openCapture?: (onDrop: () => void) => AnswerCapture;
}

function fileCapture(folder: string, onDrop: () => void): AnswerCapture {
  const file = captureFile(folder, new Date(), onDrop);
  return { take: lineWriter((line) => file.write(line)), close: () => file.close() };
}

/** Bytes for the models of one worker. */
function budgetOf({ memoryBudgetMib, workers }: ServerSettings): number {
  if (memoryBudgetMib !== undefined) return Math.floor((memoryBudgetMib * mebibyte) / workers);
  // Of a control group; it is greater than the machine where there is no limit, and 0 where nobody knows.
  const limit = process.constrainedMemory();
  return memoryBudgetOf(limit > 0 ? Math.min(limit, totalmem()) : totalmem(), workers);
}

/** One process that answers: models, door, metrics and capture put together. */
export async function startServer({
  settings,
  source,
  serverVersion,
  log,
  readMetrics,
  openCapture,
}: ServerParts): Promise<RunningServer> {
  const memoryBudgetBytes = budgetOf(settings);
  const metrics: ServerMetrics = new ServerMetrics(() => door.inFlight, memoryBudgetBytes);
  const onDrop = () => metrics.countDrop();
  const capture =
    openCapture?.(onDrop) ??
    (settings.captureFolder ? fileCapture(settings.captureFolder, onDrop) : undefined);
  const logLine = lineWriter(log);
  const serving = new Serving({
    source: {
      modelNames: source.modelNames,
      readLive: (model) => source.readLive(model),
      open: async (reference, makeRoom) => {
        const loaded = await source.open(reference, makeRoom);
        return {
          ...loaded,
          session: batchRequests(loaded.session, (requests) => metrics.countBatch(requests)),
        };
      },
    },
    report(event) {
      metrics.observe(event);
      if (event.kind === 'prediction') {
        const { answer, definition } = event;
        if (isCaptured(answer.predictionId, definition.monitor.capture)) capture?.take(event);
      } else logLine(event);
    },
    serverVersion,
    openApi: async (readDefinitions) =>
      JSON.stringify(
        describeApi({
          version: serverVersion,
          models: await readDefinitions(),
          authorization: settings.keyDigests.length === 0 ? 'none' : 'key',
          hasInvocations: true,
        }),
      ),
    memoryBudgetBytes,
    liveCacheMs: settings.liveCacheMs,
    maxBodyBytes: settings.maxBodyBytes,
  });
  const door = new HttpDoor({
    handle: (request) => serving.handle(request),
    readMetrics: async () => ({
      contentType: metrics.registry.contentType,
      text: readMetrics ? await readMetrics(metrics) : await metrics.registry.metrics(),
    }),
    keyDigests: settings.keyDigests,
    mostInFlight: settings.mostInFlight,
    maxBodyBytes: settings.maxBodyBytes,
    tls: settings.tls && {
      cert: await readFile(settings.tls.certFile),
      key: await readFile(settings.tls.keyFile),
    },
    onReply: (status) => metrics.countReply(status),
  });
  await serving.warmUp();
  const port = await door.listen(settings.port, settings.host);
  return {
    port,
    metrics,
    async stop() {
      const left = await door.drain(settings.drainSeconds * 1000);
      await capture?.close();
      return left;
    },
  };
}
