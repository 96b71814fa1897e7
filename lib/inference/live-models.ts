import { candidatesOf } from '../registry/candidates.ts';
import type { Live, LiveVersion } from '../registry/registry.ts';
import { EvergreenError } from '../shared/errors.ts';
import { LoadedModels, type LoadedModelsOptions, NoRoomAhead, type ServedVersion } from './loaded-models.ts';
import type { LoadedModel, MakeRoom } from './package.ts';

/** Where what is live, and packages, come from. */
export interface ModelSource {
  /** Names of the models of this deployment; undefined when it is not known here. */
  readonly modelNames: readonly string[] | undefined;
  /** What takes traffic; undefined when nothing ever did. */
  readLive(model: string): Promise<Live | undefined>;
  /** @param makeRoom Told what the model takes before it is loaded. */
  open(reference: LiveVersion, makeRoom?: MakeRoom): Promise<LoadedModel>;
}

export interface LiveModelsOptions extends Omit<LoadedModelsOptions, 'open' | 'budgetBytes'> {
  source: ModelSource;
  /** How long a reading of the registry counts. */
  cacheMs: number;
  /** Bytes that the loaded versions may take. @default - no limit */
  budgetBytes?: number | undefined;
  /** Told when the registry could not be read and the last reading goes on counting. */
  onStale?: (model: string, thrown: unknown) => void;
}

interface Reading {
  live: Live | undefined;
  freshUntil: number;
}

const maxReadings = 1000;
const namePattern = /^[a-z][a-z0-9-]{0,39}$/;

/**
 * The versions that take traffic.
 *
 * What is live is read anew when its time is over; when the registry does not answer, the last reading counts on. What
 * is in memory of it is LoadedModels' affair.
 */
export class LiveModels {
  readonly #options: LiveModelsOptions;
  readonly #readings = new Map<string, Reading>();
  readonly #reads = new Map<string, Promise<Live | undefined>>();
  readonly #loaded: LoadedModels;
  /** By model, the last champion that answered here. */
  readonly #lastGood = new Map<string, LiveVersion>();

  constructor(options: LiveModelsOptions) {
    const { source, budgetBytes = Number.POSITIVE_INFINITY, ...memory } = options;
    this.#options = options;
    this.#loaded = new LoadedModels({
      ...memory,
      budgetBytes,
      open: (reference, makeRoom) => source.open(reference, makeRoom),
    });
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

  /** Whether what is live of a model was ever read: then it can be told, also while the registry is down. */
  isKnown(model: string): boolean {
    return this.#readings.has(model);
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
    const sound = live
      ? candidatesOf(live).filter(({ packageDigest }) => !this.#loaded.refused.find(packageDigest))
      : [];
    if (live?.champion && sound.length > 0) {
      // Ahead of the first request they get, and behind the champion, whose callers must not wait for a candidate;
      // whoever asks for one of them meanwhile waits for the same load.
      this.#loadAhead(model, live.champion);
    }
    for (const candidate of sound) this.#loadAhead(model, candidate);
    // With hundreds of models, most readings change nothing, and looking at all versions each time would add up.
    if (!last || !isSameLive(last.live, live)) this.#dropUnused();
    return live;
  }

  /** Why it cannot be loaded is told, and comes up again for whoever asks for it. */
  #loadAhead(model: string, version: LiveVersion): void {
    this.#loaded.loadAhead(this.#requestFor(model, version)).catch(() => undefined);
  }

  /** The champion of a model stays while another version of it is loaded: it answers most of its callers. */
  #requestFor(model: string, version: LiveVersion) {
    const champion = this.#readings.get(model)?.live?.champion?.packageDigest;
    return { model, version, keep: champion && champion !== version.packageDigest ? [champion] : [] };
  }

  /** A version of what is live, loaded. @throws EvergreenError why it cannot be. */
  open(model: string, version: LiveVersion): Promise<ServedVersion> {
    return this.#loaded.use({ ...this.#requestFor(model, version), isAhead: false });
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
  openChampion(model: string, live: Live): Promise<ServedVersion> {
    return this.#openChampion(model, live, false);
  }

  /**
   * Loads the version that will answer as champion, if there is room beside what is loaded.
   *
   * @returns Whether there was room.
   * @throws EvergreenError `model-not-served` when none can be loaded.
   */
  async warmUp(model: string, live: Live): Promise<boolean> {
    try {
      using _ = await this.#openChampion(model, live, true);
      return true;
    } catch (thrown) {
      if (thrown instanceof NoRoomAhead) return false;
      throw thrown;
    }
  }

  async #openChampion(model: string, live: Live, isAhead: boolean): Promise<ServedVersion> {
    const { champion, previous } = live;
    if (!champion) throw notServed(model, 'has no champion yet');
    const ready = this.#loaded.useLoaded(champion);
    if (ready) {
      this.#remember(model, champion);
      return ready;
    }
    const tried = new Set<string>();
    let failure: unknown;
    for (const version of [champion, this.#lastGood.get(model), previous]) {
      if (!version || tried.has(version.packageDigest)) continue;
      tried.add(version.packageDigest);
      try {
        const served = await this.#loaded.use({ ...this.#requestFor(model, version), isAhead });
        this.#remember(model, version);
        return served;
      } catch (thrown) {
        if (thrown instanceof NoRoomAhead) throw thrown;
        failure ??= thrown;
      }
    }
    const refusal = this.#loaded.refused.find(champion.packageDigest);
    throw notServed(model, `has the champion ${champion.version}, which cannot be loaded`, {
      cause: failure,
      retryAfterSeconds: refusal && refusal.waitMs / 1000,
    });
  }

  #remember(model: string, version: LiveVersion): void {
    const before = this.#lastGood.get(model);
    if (before?.packageDigest === version.packageDigest) return;
    this.#lastGood.set(model, version);
    if (before) this.#dropUnused();
  }

  /** Without a list of models, callers could fill the memory with names that do not exist. */
  #forgetUnknown(): void {
    for (const [model, { live }] of this.#readings) if (live === undefined) this.#readings.delete(model);
  }

  /** Forgets versions that are no longer live, so that a process knows a few versions of a model however often they change. */
  #dropUnused(): void {
    const used = new Set<string>();
    for (const { live } of this.#readings.values()) {
      for (const { packageDigest } of sidesOf(live)) used.add(packageDigest);
    }
    for (const { packageDigest } of this.#lastGood.values()) used.add(packageDigest);
    this.#loaded.keepOnly(used);
  }
}

function isSameLive(a: Live | undefined, b: Live | undefined): boolean {
  const digestsOf = (live: Live | undefined) => sidesOf(live).map(({ packageDigest }) => packageDigest);
  // What is in use is a set, whoever answers what.
  return digestsOf(a).sort().join(' ') === digestsOf(b).sort().join(' ');
}

const sidesOf = (live: Live | undefined): LiveVersion[] =>
  live ? [live.champion, ...candidatesOf(live), live.previous].filter((side) => side !== null) : [];

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
