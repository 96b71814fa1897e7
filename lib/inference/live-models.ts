import type { Live, LiveVersion } from '../registry/registry.ts';
import { EvergreenError, messageOf } from '../shared/errors.ts';
import type { LoadedModel } from './package.ts';

/** Where what is live, and packages, come from. */
export interface ModelSource {
  /** Names of the models of this deployment; undefined when it is not known here. */
  readonly modelNames: readonly string[] | undefined;
  /** What takes traffic; undefined when nothing ever did. */
  readLive(model: string): Promise<Live | undefined>;
  open(reference: LiveVersion): Promise<LoadedModel>;
}

export interface RefusedVersion {
  model: string;
  version: number;
  packageDigest: string;
  code: string;
  message: string;
}

export interface LiveModelsOptions {
  source: ModelSource;
  /** How long a reading of the registry counts. */
  cacheMs: number;
  now: () => number;
  /** Told of each version that could not be loaded, once for each try. */
  onRefused: (refused: RefusedVersion) => void;
  /** Told when the registry could not be read and the last reading goes on counting. */
  onStale?: (model: string, thrown: unknown) => void;
  /** @default 10 s */
  loadDeadlineMs?: number;
}

/** A version that is loaded and the facts that replies name. */
export interface ServedVersion {
  version: LiveVersion;
  loaded: LoadedModel;
}

interface Reading {
  live: Live | undefined;
  freshUntil: number;
}

interface Refusal {
  error: unknown;
  again: number;
  waitMs: number;
}

const firstWaitMs = 2000;
const longestWaitMs = 60_000;
const releaseAfterMs = 60_000;
const maxReadings = 1000;
const namePattern = /^[a-z][a-z0-9-]{0,39}$/;

/**
 * The versions that this process serves.
 *
 * What is live is read anew when its time is over; when the registry does not answer, the last reading counts on.
 * Each package is loaded once, one after the other; one that cannot be loaded is left alone for a while.
 */
export class LiveModels {
  readonly #options: LiveModelsOptions;
  readonly #readings = new Map<string, Reading>();
  readonly #reads = new Map<string, Promise<Live | undefined>>();
  readonly #loaded = new Map<string, LoadedModel>();
  readonly #loads = new Map<string, Promise<LoadedModel>>();
  readonly #refusals = new Map<string, Refusal>();
  /** By model, the last champion that answered here. */
  readonly #lastGood = new Map<string, ServedVersion>();
  #queue: Promise<unknown> = Promise.resolve();

  constructor(options: LiveModelsOptions) {
    this.#options = options;
  }

  /**
   * What takes traffic of a model.
   *
   * @throws EvergreenError `model-unknown`, `model-not-served` or `service-unavailable`.
   */
  async readLive(model: string): Promise<Live> {
    const { modelNames } = this.#options.source;
    const mayExist = modelNames?.includes(model) ?? namePattern.test(model);
    if (!mayExist) throw unknownModel(model, modelNames);
    const reading = this.#readings.get(model);
    const live =
      reading && this.#options.now() < reading.freshUntil
        ? reading.live
        : await this.#refresh(model, reading);
    if (live) return live;
    if (modelNames) throw notServed(model, 'has no champion yet');
    throw unknownModel(model, undefined);
  }

  #refresh(model: string, last: Reading | undefined): Promise<Live | undefined> {
    const running = this.#reads.get(model);
    if (running) return running;
    const read = this.#readAnew(model, last).finally(() => this.#reads.delete(model));
    this.#reads.set(model, read);
    return read;
  }

  async #readAnew(model: string, last: Reading | undefined): Promise<Live | undefined> {
    const { source, cacheMs, now, onStale } = this.#options;
    let live: Live | undefined;
    try {
      live = await source.readLive(model);
    } catch (thrown) {
      if (!last) {
        throw new EvergreenError('service-unavailable', `what is live of ${model} cannot be read`, {
          cause: thrown,
        });
      }
      onStale?.(model, thrown);
      live = last.live;
    }
    if (this.#readings.size >= maxReadings) this.#forgetUnknown();
    this.#readings.set(model, { live, freshUntil: now() + cacheMs });
    if (live?.candidate && !this.#isRefused(live.candidate)) {
      // Ahead of the first request it gets, and behind the champion, whose callers must not wait for a candidate;
      // whoever asks for either meanwhile waits for the same load.
      if (live.champion) this.#load(model, live.champion).catch(() => undefined);
      this.#load(model, live.candidate).catch(() => undefined);
    }
    this.#dropUnused();
    return live;
  }

  /** A version of what is live, loaded. @throws EvergreenError why it cannot be. */
  async open(model: string, version: LiveVersion): Promise<ServedVersion> {
    return { version, loaded: await this.#load(model, version) };
  }

  /** One version and no other in its place. @throws EvergreenError `model-not-served` when it cannot be loaded. */
  async openExactly(model: string, version: LiveVersion): Promise<ServedVersion> {
    try {
      return await this.open(model, version);
    } catch (cause) {
      throw notServed(model, `has the version ${version.version}, which cannot be loaded`, { cause });
    }
  }

  /**
   * The version that answers as champion: the champion itself, or else the last one that did here, or else the one
   * before it.
   *
   * @throws EvergreenError `model-not-served` when none can be loaded.
   */
  async openChampion(model: string, live: Live): Promise<ServedVersion> {
    const { champion, previous } = live;
    if (!champion) throw notServed(model, 'has no champion yet');
    try {
      const served = await this.open(model, champion);
      this.#lastGood.set(model, served);
      return served;
    } catch (thrown) {
      const lastGood = this.#lastGood.get(model);
      if (lastGood) return lastGood;
      if (previous) {
        const served = await this.open(model, previous).catch(() => undefined);
        if (served) {
          this.#lastGood.set(model, served);
          return served;
        }
      }
      const wait = this.#refusals.get(champion.packageDigest);
      throw notServed(model, `has the champion ${champion.version}, which cannot be loaded`, {
        cause: thrown,
        retryAfterSeconds: wait ? (wait.again - this.#options.now()) / 1000 : undefined,
      });
    }
  }

  #isRefused({ packageDigest }: LiveVersion): boolean {
    const refusal = this.#refusals.get(packageDigest);
    return refusal !== undefined && this.#options.now() < refusal.again;
  }

  #load(model: string, version: LiveVersion): Promise<LoadedModel> {
    const { packageDigest } = version;
    const loaded = this.#loaded.get(packageDigest);
    if (loaded) return Promise.resolve(loaded);
    const running = this.#loads.get(packageDigest);
    if (running) return running;
    const refusal = this.#refusals.get(packageDigest);
    if (refusal && this.#isRefused(version)) return Promise.reject(refusal.error);
    // One after the other: two models at once would need the memory of both files and both sessions.
    const load = this.#queue
      .then(() => this.#openInTime(version))
      .then(
        (opened) => {
          this.#loaded.set(packageDigest, opened);
          this.#refusals.delete(packageDigest);
          return opened;
        },
        (thrown: unknown) => {
          this.#refuse(model, version, thrown);
          throw thrown;
        },
      )
      .finally(() => this.#loads.delete(packageDigest));
    this.#loads.set(packageDigest, load);
    this.#queue = load.catch(() => undefined);
    return load;
  }

  async #openInTime(version: LiveVersion): Promise<LoadedModel> {
    const { source, loadDeadlineMs = 10_000 } = this.#options;
    let timer: NodeJS.Timeout | undefined;
    const deadline = new Promise<never>((_, reject) => {
      timer = setTimeout(
        () =>
          reject(
            new EvergreenError('service-unavailable', `the package was not there in ${loadDeadlineMs} ms`),
          ),
        loadDeadlineMs,
      );
    });
    try {
      return await Promise.race([source.open(version), deadline]);
    } finally {
      clearTimeout(timer);
    }
  }

  #refuse(model: string, { version, packageDigest }: LiveVersion, thrown: unknown): void {
    const before = this.#refusals.get(packageDigest);
    const waitMs = before ? Math.min(before.waitMs * 2, longestWaitMs) : firstWaitMs;
    this.#refusals.set(packageDigest, { error: thrown, again: this.#options.now() + waitMs, waitMs });
    const code = thrown instanceof EvergreenError ? thrown.code : 'internal';
    this.#options.onRefused({ model, version, packageDigest, code, message: messageOf(thrown) });
  }

  /** Without a list of models, callers could fill the memory with names that do not exist. */
  #forgetUnknown(): void {
    for (const [model, { live }] of this.#readings) if (live === undefined) this.#readings.delete(model);
  }

  /** Forgets versions that are no longer live, so that a process holds a few versions of a model however often they change. */
  #dropUnused(): void {
    const used = new Set<string>();
    for (const { live } of this.#readings.values()) {
      for (const side of [live?.champion, live?.candidate, live?.previous])
        if (side) used.add(side.packageDigest);
    }
    for (const { version } of this.#lastGood.values()) used.add(version.packageDigest);
    for (const [packageDigest, { session }] of this.#loaded) {
      if (used.has(packageDigest)) continue;
      this.#loaded.delete(packageDigest);
      // Requests that are on may still use it.
      setTimeout(() => void session.release(), releaseAfterMs).unref();
    }
    for (const packageDigest of this.#refusals.keys()) {
      if (!used.has(packageDigest)) this.#refusals.delete(packageDigest);
    }
  }
}

function unknownModel(model: string, known: readonly string[] | undefined): EvergreenError {
  const hint = known ? `; deployed are ${known.join(', ') || 'none'}` : '';
  return new EvergreenError('model-unknown', `no model ${JSON.stringify(model)} is deployed${hint}`);
}

function notServed(
  model: string,
  why: string,
  options: { cause?: unknown; retryAfterSeconds?: number | undefined } = {},
): EvergreenError {
  return new EvergreenError('model-not-served', `${model} ${why}`, {
    cause: options.cause,
    details: { retryAfterSeconds: options.retryAfterSeconds ?? 5 },
  });
}
