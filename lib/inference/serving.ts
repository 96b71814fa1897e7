import { candidatesOf } from '../registry/candidates.ts';
import type { Live } from '../registry/registry.ts';
import { EvergreenError, messageOf } from '../shared/errors.ts';
import { uuidV7 } from '../shared/ids.ts';
import { findRoute } from './api-routes.ts';
import { type Attempt, callerKeyOf, type Facts, isCallersFault } from './attempt.ts';
import { championDefinitions } from './champion-definitions.ts';
import { explain } from './explain.ts';
import { invocationsFormat } from './invocations.ts';
import { LiveModels } from './live-models.ts';
import type { ServedVersion } from './loaded-models.ts';
import { openInferenceFormat } from './open-inference.ts';
import { describeModel } from './open-inference-reply.ts';
import { type Variant, variantOf } from './prediction-record.ts';
import { toProblem, type WireResponse } from './problem.ts';
import { answered, json, jsonText } from './replies.ts';
import type { WireRequest } from './request-body.ts';
import { drawSide, findLiveVersion } from './route.ts';
import type { ServingEvent } from './serving-event.ts';
import type { ServingOptions } from './serving-options.ts';
import { type WarmUpLimits, warmUp } from './warm-up.ts';
import { type Answer, friendlyFormat, type WireFormat } from './wire.ts';

const defaultBodyBytes = 1024 * 1024;

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
      budgetBytes: options.memoryBudgetBytes,
      onChange: (change) => this.#report({ ...change, atMs: this.#now() }),
      onStale: (model, thrown) =>
        this.#report({ kind: 'registry-unreadable', model, message: messageOf(thrown) }),
    });
  }

  /** Loads champions ahead of the first request, see warm-up.ts. */
  warmUp(limits?: WarmUpLimits): Promise<void> {
    return warmUp(this.#models, this.#options.source.modelNames ?? [], limits);
  }

  /** Answers a request; never throws. */
  async handle(request: WireRequest): Promise<WireResponse> {
    try {
      const route = findRoute(request.method, request.path);
      switch (route.kind) {
        case 'predict':
          return await this.#predict(request, route.model, friendlyFormat);
        case 'infer':
          return await this.#predict(request, route.model, openInferenceFormat, route.version);
        case 'invoke':
          return await this.#predict(
            request,
            route.model ?? this.#onlyModel(),
            invocationsFormat(request.headers.accept),
          );
        case 'explain':
          return json(200, await this.#explain(request, route.model));
        case 'describe':
          return json(200, await this.#describe(route.model, route.version));
        case 'model-ready':
          return await this.#modelReady(route.model, route.version);
        case 'server':
          return json(200, this.#describeServer());
        case 'openapi':
          return await this.#readOpenApi(request);
        case 'live':
          return json(200, { live: true });
        case 'ready':
          return await this.#ready();
      }
    } catch (thrown) {
      return this.#fail(thrown, request);
    }
  }

  #fail(thrown: unknown, { traceId, path }: WireRequest): WireResponse {
    const response = toProblem(thrown, traceId, { forOpenInference: path.startsWith('/v2') });
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

  #describeServer(): object {
    const { serverVersion } = this.#options;
    return { name: 'evergreen', version: serverVersion, extensions: ['binary_tensor_data'] };
  }

  /** Callers of /invocations name no model. */
  #onlyModel(): string {
    const names = this.#options.source.modelNames ?? [];
    const [only] = names;
    if (only !== undefined && names.length === 1) return only;
    throw new EvergreenError(
      'model-unknown',
      `/invocations is for a server of one model; ask at /models/<model>/invocations, with one of ${names.join(', ')}`,
    );
  }

  /** @param pinned Number of the version that is asked for. @default - what takes traffic */
  async #predict(
    request: WireRequest,
    model: string,
    format: WireFormat,
    pinned?: string,
  ): Promise<WireResponse> {
    const live = await this.#models.readLive(model);
    const { traceId } = request;
    try {
      const begun = this.#stopwatch();
      const read = format(request, this.#options.maxBodyBytes ?? defaultBodyBytes);
      const readingMs = this.#stopwatch() - begun;
      const predictionId = this.#options.newId?.() ?? uuidV7(this.#now());
      const callerKey = callerKeyOf(request);
      const facts = { read, predictionId, traceId, readingMs, callerKey };
      return pinned === undefined
        ? await this.#answerTraffic(facts, live)
        : await this.#answerPinned(facts, live, pinned);
    } catch (thrown) {
      if (isCallersFault(thrown)) {
        this.#report({ kind: 'rejected-request', model, traceId, code: thrown.code, atMs: this.#now() });
      }
      throw thrown;
    }
  }

  /** The candidate answers its share, and the champion all else, also what the candidate fails to. */
  async #answerTraffic(facts: Facts, live: Live): Promise<WireResponse> {
    const { model } = live;
    const { candidate, caller } = drawSide(live, facts.predictionId, facts.callerKey);
    let candidateFailure: unknown;
    if (candidate) {
      try {
        using served = await this.#models.open(model, candidate);
        return await this.#answer({ ...facts, served, variant: variantOf(candidate), caller });
      } catch (thrown) {
        candidateFailure = thrown;
      }
    }
    const countCandidate = () => {
      if (candidate)
        this.#countFailure(facts, model, candidate.version, variantOf(candidate), candidateFailure);
    };
    using served = await this.#models.openChampion(model, live);
    try {
      const response = await this.#answer({ ...facts, served, variant: 'champion', caller });
      // The same request fits the champion: whatever went wrong was the candidate's doing.
      countCandidate();
      return response;
    } catch (thrown) {
      if (!isCallersFault(thrown)) {
        countCandidate();
        this.#countFailure(facts, model, served.version.version, 'champion', thrown);
      }
      throw thrown;
    }
  }

  /** One version answers and no other in its place. Who chooses versions is no sample of the traffic. */
  async #answerPinned(facts: Facts, live: Live, pinned: string): Promise<WireResponse> {
    const { variant, version } = findLiveVersion(live, pinned);
    using served = await this.#models.openExactly(live.model, version);
    try {
      return await this.#answer({ ...facts, served, variant, isPinned: true });
    } catch (thrown) {
      if (!isCallersFault(thrown))
        this.#countFailure(facts, live.model, version.version, variant, thrown, true);
      throw thrown;
    }
  }

  /**
   * Lets one version answer and captures it. The latency is what this version took, with reading the body and without
   * loading: a fresh process is no reason to judge a candidate badly.
   */
  async #answer(attempt: Attempt): Promise<WireResponse> {
    const begun = this.#stopwatch();
    const { served, variant, predictionId, traceId, caller, isPinned = false } = attempt;
    const { version, loaded } = served;
    const { definition, session } = loaded;
    const { batch, write } = attempt.read(loaded);
    const answer: Answer = {
      predictionId,
      traceId,
      model: definition.name,
      version: version.version,
      modelDigest: version.modelDigest,
      datasetId: version.datasetId,
      variant,
      predictions: await session.answer(batch.matrices),
    };
    const response = answered(write(answer));
    const latencyMs = roundToMicroseconds(this.#stopwatch() - begun + attempt.readingMs);
    const atMs = this.#now();
    this.#report({ kind: 'prediction', answer, batch, definition, atMs, latencyMs, caller, isPinned });
    return response;
  }

  #countFailure(
    { predictionId, traceId }: Facts,
    model: string,
    version: number,
    variant: Variant,
    thrown: unknown,
    isPinned = false,
  ): void {
    const code = thrown instanceof EvergreenError ? thrown.code : 'internal';
    const facts = { model, version, variant, traceId, predictionId, code, message: messageOf(thrown) };
    this.#report({ kind: 'model-error', ...facts, atMs: this.#now(), isPinned });
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
    const read = friendlyFormat(request, this.#options.maxBodyBytes ?? defaultBodyBytes);
    using served = await this.#models.openChampion(model, live);
    return await explain({ read, served, traceId: request.traceId, stopwatch: this.#stopwatch });
  }

  #openAsked(model: string, live: Live, pinned: string | undefined): Promise<ServedVersion> {
    if (pinned === undefined) return this.#models.openChampion(model, live);
    return this.#models.openExactly(model, findLiveVersion(live, pinned).version);
  }

  async #describe(model: string, pinned: string | undefined): Promise<object> {
    const live = await this.#models.readLive(model);
    using served = await this.#openAsked(model, live, pinned);
    const sides = [live.champion, ...candidatesOf(live), live.previous];
    return describeModel(
      served.loaded.definition,
      sides.flatMap((side) => (side ? [side.version] : [])),
    );
  }

  async #modelReady(model: string, pinned: string | undefined): Promise<WireResponse> {
    const live = await this.#models.readLive(model);
    try {
      using _ = await this.#openAsked(model, live, pinned);
      return json(200, { name: model, ready: true });
    } catch (thrown) {
      if (thrown instanceof EvergreenError && thrown.kind === 'unavailable') {
        return json(503, { name: model, ready: false }, { 'retry-after': '2' });
      }
      throw thrown;
    }
  }

  async #readOpenApi({ method, path }: WireRequest): Promise<WireResponse> {
    const { openApi } = this.#options;
    if (!openApi) throw new EvergreenError('route-unknown', `there is no ${method} ${path}`);
    return jsonText(
      await openApi(() => championDefinitions(this.#models, this.#options.source.modelNames ?? [])),
    );
  }

  /** Ready is a process that can tell what is live of each model that it knows of; models load when they are asked for. */
  async #ready(): Promise<WireResponse> {
    const names = this.#options.source.modelNames ?? [];
    const unread = names.filter((name) => !this.#models.isKnown(name));
    const readings = await Promise.allSettled(unread.map((name) => this.#models.readLive(name)));
    const isReady = readings.every(
      (reading) =>
        reading.status === 'fulfilled' ||
        (reading.reason instanceof EvergreenError && reading.reason.code === 'model-not-served'),
    );
    return isReady ? json(200, { ready: true }) : json(503, { ready: false }, { 'retry-after': '2' });
  }
}

const roundToMicroseconds = (milliseconds: number) => Math.round(milliseconds * 1000) / 1000;
