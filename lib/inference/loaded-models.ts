import type { LiveVersion } from '../registry/registry.ts';
import { EvergreenError } from '../shared/errors.ts';
import { mebibytes } from './memory-budget.ts';
import type { LoadedModel, MakeRoom } from './package.ts';
import { type RefusedVersion, RefusedVersions } from './refused-versions.ts';

/** A version came into memory or left it, and what is in memory then. */
export interface MemoryChange {
  kind: 'version-loaded' | 'version-released';
  model: string;
  version: number;
  packageDigest: string;
  memoryBytes: number;
  /** Of a load, how long it took; of a release, why: to make room, or since the version is no longer live. */
  loadMs?: number;
  why?: 'budget' | 'not-live';
  loadedVersions: number;
  loadedBytes: number;
}

export interface LoadedModelsOptions {
  open(reference: LiveVersion, makeRoom: MakeRoom): Promise<LoadedModel>;
  /** Bytes that all loaded versions together may take. */
  budgetBytes: number;
  now: () => number;
  /** Told of each version that could not be loaded, once for each try. */
  onRefused: (refused: RefusedVersion) => void;
  onChange?: (change: MemoryChange) => void;
  /** @default 10 s */
  loadDeadlineMs?: number;
}

/** A loaded version in use: it stays in memory until it is given back, which is done once. */
export interface ServedVersion extends Disposable {
  version: LiveVersion;
  loaded: LoadedModel;
}

export interface LoadRequest {
  model: string;
  version: LiveVersion;
  /** Packages that must not go to make room for this one. */
  keep: readonly string[];
  /** Nobody waits for it yet: nothing goes to make room for it. */
  isAhead: boolean;
}

/** There is no room for a version that nobody waits for. It is loaded when it is asked for. */
export class NoRoomAhead extends Error {}

interface Entry {
  request: LoadRequest;
  loaded: LoadedModel;
  bytes: number;
  uses: number;
  usedAt: number;
  /** Why it is to be released; undefined while it may be used. */
  why: MemoryChange['why'];
  giveBack: () => void;
}

interface Load {
  /** That of the first caller who waits for it, when there is one. */
  request: LoadRequest;
  /** Callers that use the version as soon as it is there. */
  waiting: number;
  isOver: boolean;
  done: PromiseWithResolvers<Entry>;
}

/**
 * The versions in this process's memory, within a budget: the least recently used go first.
 *
 * A version in use is never released: when room is needed meanwhile, memory is over the budget by the versions in use
 * until the first of them is given back. Versions are loaded one after the other, since two at once would need the
 * memory of both files beside both sessions; what callers wait for comes first. One that cannot be loaded is left alone
 * for a while.
 */
export class LoadedModels {
  readonly #options: LoadedModelsOptions;
  readonly #entries = new Map<string, Entry>();
  readonly #loads = new Map<string, Load>();
  /** Those that could not be loaded. */
  readonly refused: RefusedVersions;
  /** What versions were found to take, so that none is read again only to see that there is no room. */
  readonly #costs = new Map<string, number>();
  #queue: Load[] = [];
  #isLoading = false;
  /** Of all that is in memory, with what is in use and on its way out. */
  #bytes = 0;
  #clock = 0;

  constructor(options: LoadedModelsOptions) {
    this.#options = options;
    this.refused = new RefusedVersions(options.now, options.onRefused);
  }

  /** A version that is in memory; undefined when it must be loaded first. */
  useLoaded(version: LiveVersion): ServedVersion | undefined {
    const entry = this.#entries.get(version.packageDigest);
    if (!entry) return undefined;
    entry.uses += 1;
    return this.#lend(entry, version);
  }

  /** @throws EvergreenError why it cannot be loaded, or NoRoomAhead. */
  async use(request: LoadRequest): Promise<ServedVersion> {
    const { version, isAhead } = request;
    for (;;) {
      const served = this.useLoaded(version);
      if (served) return served;
      const load = this.#begin(request);
      load.waiting += 1;
      if (!isAhead) load.request = request;
      try {
        return this.#lend(await load.done.promise, version);
      } catch (thrown) {
        // It was loaded ahead until now; whoever asks for it is worth the room.
        if (!(thrown instanceof NoRoomAhead) || isAhead) throw thrown;
      }
    }
  }

  /** Loads a version that will be asked for, if there is room. */
  async loadAhead(request: Omit<LoadRequest, 'isAhead'>): Promise<void> {
    using _ = await this.use({ ...request, isAhead: true });
  }

  /** Forgets every version but these. */
  keepOnly(packageDigests: ReadonlySet<string>): void {
    for (const [packageDigest, entry] of this.#entries) {
      if (!packageDigests.has(packageDigest)) this.#letGo(packageDigest, entry, 'not-live');
    }
    for (const packageDigest of this.#costs.keys()) {
      if (!packageDigests.has(packageDigest)) this.#costs.delete(packageDigest);
    }
    this.refused.keepOnly(packageDigests);
  }

  #lend(entry: Entry, version: LiveVersion): ServedVersion {
    entry.usedAt = ++this.#clock;
    return { version, loaded: entry.loaded, [Symbol.dispose]: entry.giveBack };
  }

  #giveBack(entry: Entry): void {
    entry.uses -= 1;
    if (entry.uses > 0) return;
    if (entry.why) this.#release(entry);
    else this.#trim(0, []);
  }

  /** What callers wait for is chosen first, and others make room for it. */
  #begin(request: LoadRequest): Load {
    const { version, isAhead } = request;
    const running = this.#loads.get(version.packageDigest);
    if (running) return running;
    const load: Load = { request, waiting: 0, isOver: false, done: Promise.withResolvers<Entry>() };
    const refusal = this.refused.find(version.packageDigest);
    const cost = this.#costs.get(version.packageDigest) ?? 0;
    if (refusal) load.done.reject(refusal.error);
    else if (isAhead && cost > this.#free) load.done.reject(new NoRoomAhead());
    else {
      this.#loads.set(version.packageDigest, load);
      this.#queue.push(load);
      void this.#work();
    }
    return load;
  }

  async #work(): Promise<void> {
    if (this.#isLoading) return;
    this.#isLoading = true;
    // Whoever asks in the same turn is heard before the first load is chosen.
    await Promise.resolve();
    for (;;) {
      const load = this.#queue.find(({ request }) => !request.isAhead) ?? this.#queue[0];
      if (!load) break;
      this.#queue = this.#queue.filter((each) => each !== load);
      await this.#carryOut(load);
    }
    this.#isLoading = false;
  }

  async #carryOut(load: Load): Promise<void> {
    const { packageDigest } = load.request.version;
    const begun = performance.now();
    try {
      const loaded = await this.#openInTime(load);
      const bytes = loaded.memoryBytes;
      const { request, waiting: uses } = load;
      const giveBack = () => this.#giveBack(entry);
      const entry: Entry = { request, loaded, bytes, uses, usedAt: ++this.#clock, why: undefined, giveBack };
      this.#entries.set(packageDigest, entry);
      this.refused.forget(packageDigest);
      this.#bytes += bytes;
      this.#tell('version-loaded', entry, { loadMs: Math.round(performance.now() - begun) });
      load.done.resolve(entry);
      this.#trim(0, [packageDigest]);
    } catch (thrown) {
      if (!(thrown instanceof NoRoomAhead))
        this.refused.add(load.request.model, load.request.version, thrown);
      load.done.reject(thrown);
    } finally {
      load.isOver = true;
      this.#loads.delete(packageDigest);
    }
  }

  async #openInTime(load: Load): Promise<LoadedModel> {
    const { open, loadDeadlineMs = 10_000 } = this.#options;
    const late = () =>
      new EvergreenError('service-unavailable', `the package was not there in ${loadDeadlineMs} ms`);
    let timer: NodeJS.Timeout | undefined;
    const deadline = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        load.isOver = true;
        reject(late());
      }, loadDeadlineMs);
    });
    const opening = open(load.request.version, (bytes) => {
      if (load.isOver) throw late();
      this.#makeRoom(load, bytes);
    });
    // One that comes too late has no place any more.
    opening.then(
      (loaded) => void (load.isOver && loaded.session.release()),
      () => undefined,
    );
    try {
      return await Promise.race([opening, deadline]);
    } finally {
      clearTimeout(timer);
    }
  }

  get #free(): number {
    return this.#options.budgetBytes - this.#bytes;
  }

  /** @throws EvergreenError `memory-budget-exceeded`, or NoRoomAhead. */
  #makeRoom({ request }: Load, bytes: number): void {
    const { budgetBytes } = this.#options;
    const { model, version, keep, isAhead } = request;
    this.#costs.set(version.packageDigest, bytes);
    const kept = keep.reduce((sum, digest) => sum + (this.#entries.get(digest)?.bytes ?? 0), 0);
    if (bytes + kept > budgetBytes) {
      const beside = kept > 0 ? ` beside the ${mebibytes(kept)} of the champion, which stays` : '';
      throw new EvergreenError(
        'memory-budget-exceeded',
        `version ${version.version} of ${model} takes about ${mebibytes(bytes)} of memory${beside}; the budget of this process is ${mebibytes(budgetBytes)}`,
      );
    }
    if (bytes <= this.#free) return;
    if (isAhead) throw new NoRoomAhead();
    this.#trim(bytes, keep);
  }

  /** Lets the least recently used go until so many bytes are free, or all others are in use or kept. */
  #trim(bytes: number, keep: readonly string[]): void {
    if (bytes <= this.#free) return;
    const idle = [...this.#entries].filter(([digest, { uses }]) => uses === 0 && !keep.includes(digest));
    for (const [digest, entry] of idle.sort(([, a], [, b]) => a.usedAt - b.usedAt)) {
      if (bytes <= this.#free) return;
      this.#letGo(digest, entry, 'budget');
    }
  }

  #letGo(packageDigest: string, entry: Entry, why: MemoryChange['why']): void {
    this.#entries.delete(packageDigest);
    entry.why = why;
    if (entry.uses === 0) this.#release(entry);
  }

  #release(entry: Entry): void {
    this.#bytes -= entry.bytes;
    void entry.loaded.session.release();
    this.#tell('version-released', entry, { why: entry.why });
  }

  #tell(kind: MemoryChange['kind'], entry: Entry, more: Pick<MemoryChange, 'loadMs' | 'why'>): void {
    const { version, packageDigest } = entry.request.version;
    this.#options.onChange?.({
      kind,
      model: entry.request.model,
      version,
      packageDigest,
      memoryBytes: entry.bytes,
      ...more,
      loadedVersions: this.#entries.size,
      loadedBytes: this.#bytes,
    });
  }
}
