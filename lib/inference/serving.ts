import { EvergreenError, messageOf } from '../shared/errors.ts';
import { uuidV7 } from '../shared/ids.ts';
import { findRoute } from './api-routes.ts';
import { explain } from './explain.ts';
import { LiveModels, type ModelSource, type ServedVersion } from './live-models.ts';
import { describeModel, openInferenceFormat } from './open-inference.ts';
import type { Variant } from './prediction-record.ts';
import { toProblem, type WireResponse } from './problem.ts';
import { readJsonBody, type WireRequest } from './request-body.ts';
import { chooseVariant, positionOf } from './route.ts';
import type { ServingEvent } from './serving-event.ts';
import { type Answer, friendlyFormat, type WireFormat } from './wire.ts';

export interface ServingOptions {
  source: ModelSource;
  /** Told what happened, for captures and metrics. What it throws is swallowed: no reply depends on it. */
  report: (event: ServingEvent) => void;
  /** Of this product, as GET /v2 tells it. */
  serverVersion: string;
  /** @default 2000 */
  liveCacheMs?: number;
  /** @default 1 MiB */
  maxBodyBytes?: number;
  now?: () => number;
  /** A clock for durations, in milliseconds. */
  stopwatch?: () => number;
  newId?: () => string;
}

const defaultBodyBytes = 1024 * 1024;

interface Attempt {
  body: unknown;
  format: WireFormat;
  variant: Variant;
  served: ServedVersion;
  predictionId: string;
  traceId: string;
  readingMs: number;
}

/** The prediction API over models that are live. One for a process; doors translate their requests to it. */
export class Serving {
  readonly #models: LiveModels;
  readonly #options: ServingOptions;
  readonly #now: () => number;
  readonly #stopwatch: () => number;

  constructor(options: ServingOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.#stopwatch = options.stopwatch ?? (() => performance.now());
    this.#models = new LiveModels({
      source: options.source,
      cacheMs: options.liveCacheMs ?? 2000,
      now: this.#now,
      onRefused: (refused) => this.#report({ kind: 'version-refused', ...refused, atMs: this.#now() }),
      onStale: (model, thrown) =>
        this.#report({ kind: 'registry-unreadable', model, message: messageOf(thrown) }),
    });
  }

  /** Loads the champions of all models known by name, ahead of the first request. One that cannot be loaded is reported. */
  async warmUp(): Promise<void> {
    for (const model of this.#options.source.modelNames ?? []) {
      try {
        await this.#models.openChampion(model, await this.#models.readLive(model));
      } catch (thrown) {
        if (!(thrown instanceof EvergreenError)) throw thrown;
      }
    }
  }

  /** Answers a request; never throws. */
  async handle(request: WireRequest): Promise<WireResponse> {
    try {
      const route = findRoute(request.method, request.path);
      switch (route.kind) {
        case 'predict':
          return await this.#predict(request, route.model, friendlyFormat);
        case 'infer':
          return await this.#predict(request, route.model, openInferenceFormat);
        case 'explain':
          return json(200, await this.#explain(request, route.model));
        case 'describe':
          return json(200, await this.#describe(route.model));
        case 'model-ready':
          return await this.#modelReady(route.model);
        case 'server':
          return json(200, { name: 'evergreen', version: this.#options.serverVersion, extensions: [] });
        case 'live':
          return json(200, { live: true });
        case 'ready':
          return await this.#ready();
      }
    } catch (thrown) {
      return this.#fail(thrown, request.traceId);
    }
  }

  #fail(thrown: unknown, traceId: string): WireResponse {
    const response = toProblem(thrown, traceId);
    if (response.status >= 500) {
      this.#report({
        kind: 'request-failed',
        traceId,
        status: response.status,
        code: thrown instanceof EvergreenError ? thrown.code : 'internal',
        message: messageOf(thrown),
        stack: thrown instanceof Error ? thrown.stack : undefined,
      });
    }
    return response;
  }

  async #predict(request: WireRequest, model: string, format: WireFormat): Promise<WireResponse> {
    const live = await this.#models.readLive(model);
    try {
      const begun = this.#stopwatch();
      const body = readJsonBody(request, this.#options.maxBodyBytes ?? defaultBodyBytes);
      const readingMs = this.#stopwatch() - begun;
      const predictionId = this.#options.newId?.() ?? uuidV7(this.#now());
      const facts = { body, format, predictionId, traceId: request.traceId, model, readingMs };

      const { candidate } = live;
      const isCandidates =
        candidate !== null && chooseVariant(candidate.weight, positionOf(predictionId)) === 'candidate';
      let candidateFailure: unknown;
      if (isCandidates) {
        try {
          const served = await this.#models.open(model, candidate);
          return await this.#answer({ ...facts, served, variant: 'candidate' });
        } catch (thrown) {
          candidateFailure = thrown;
        }
      }
      const served = await this.#models.openChampion(model, live);
      try {
        const response = await this.#answer({ ...facts, served, variant: 'champion' });
        // The same request fits the champion: whatever went wrong was the candidate's doing.
        if (isCandidates) this.#countFailure(facts, candidate.version, 'candidate', candidateFailure);
        return response;
      } catch (thrown) {
        const isCallers = thrown instanceof EvergreenError && thrown.kind === 'invalid';
        if (isCandidates && !isCallers) {
          this.#countFailure(facts, candidate.version, 'candidate', candidateFailure);
        }
        if (!isCallers) this.#countFailure(facts, served.version.version, 'champion', thrown);
        throw thrown;
      }
    } catch (thrown) {
      if (thrown instanceof EvergreenError && thrown.kind === 'invalid') {
        const { code } = thrown;
        this.#report({
          kind: 'rejected-request',
          model,
          traceId: request.traceId,
          code,
          atMs: this.#now(),
        });
      }
      throw thrown;
    }
  }

  /**
   * Lets one version answer and captures it. The latency is what this version took, with reading the body and without
   * loading: a fresh process is no reason to judge a candidate badly.
   */
  async #answer(attempt: Attempt): Promise<WireResponse> {
    const begun = this.#stopwatch();
    const { served, variant, predictionId, traceId } = attempt;
    const { version, loaded } = served;
    const { definition, session } = loaded;
    const { rows, write } = attempt.format(attempt.body, loaded);
    const answer: Answer = {
      predictionId,
      traceId,
      model: definition.name,
      version: version.version,
      modelDigest: version.modelDigest,
      datasetId: version.datasetId,
      variant,
      predictions: await session.predict(rows),
    };
    const response = json(200, write(answer));
    const latencyMs = roundToMicroseconds(this.#stopwatch() - begun + attempt.readingMs);
    this.#report({ kind: 'prediction', answer, rows, definition, atMs: this.#now(), latencyMs });
    return response;
  }

  #countFailure(
    { model, predictionId, traceId }: { model: string; predictionId: string; traceId: string },
    version: number,
    variant: Variant,
    thrown: unknown,
  ): void {
    const code = thrown instanceof EvergreenError ? thrown.code : 'internal';
    const facts = { model, version, variant, traceId, predictionId, code, message: messageOf(thrown) };
    this.#report({ kind: 'model-error', ...facts, atMs: this.#now() });
  }

  #report(event: ServingEvent): void {
    try {
      this.#options.report(event);
    } catch {
      // A log that cannot be written, on a full disk or a closed pipe, must not cost the caller the answer.
    }
  }

  /** The champion explains itself. Nothing is captured: the same rows were, or will be, predicted. */
  async #explain(request: WireRequest, model: string): Promise<object> {
    const live = await this.#models.readLive(model);
    const body = readJsonBody(request, this.#options.maxBodyBytes ?? defaultBodyBytes);
    const served = await this.#models.openChampion(model, live);
    return explain({ body, served, traceId: request.traceId, stopwatch: this.#stopwatch });
  }

  async #describe(model: string): Promise<object> {
    const live = await this.#models.readLive(model);
    const { loaded } = await this.#models.openChampion(model, live);
    const versions = [live.champion, live.candidate].flatMap((side) => (side ? [side.version] : []));
    return describeModel(loaded.definition, versions);
  }

  async #modelReady(model: string): Promise<WireResponse> {
    try {
      await this.#models.openChampion(model, await this.#models.readLive(model));
      return json(200, { name: model, ready: true });
    } catch (thrown) {
      if (thrown instanceof EvergreenError && thrown.kind === 'unavailable') {
        return json(503, { name: model, ready: false }, { 'retry-after': '2' });
      }
      throw thrown;
    }
  }

  /** Ready is a process that can tell what is live of each model that it knows of; models load when they are asked for. */
  async #ready(): Promise<WireResponse> {
    const names = this.#options.source.modelNames ?? [];
    const readings = await Promise.allSettled(names.map((name) => this.#models.readLive(name)));
    const isReady = readings.every(
      (reading) =>
        reading.status === 'fulfilled' ||
        (reading.reason instanceof EvergreenError && reading.reason.code === 'model-not-served'),
    );
    return isReady ? json(200, { ready: true }) : json(503, { ready: false }, { 'retry-after': '2' });
  }
}

const roundToMicroseconds = (milliseconds: number) => Math.round(milliseconds * 1000) / 1000;

function json(status: number, body: object, headers: Record<string, string> = {}): WireResponse {
  return {
    status,
    headers: { 'content-type': 'application/json', 'cache-control': 'no-store', ...headers },
    body: JSON.stringify(body),
  };
}
