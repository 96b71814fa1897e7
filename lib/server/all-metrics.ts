const deadlineMs = 1000;

interface Collecting {
  missing: Set<number>;
  parts: unknown[][];
  resolve: (parts: unknown[][]) => void;
}

/** Gathers the metrics of all workers, of those that answer in time. Adding them up is left to who asked, and has the library. */
export class AllMetrics {
  readonly #askAll: (ask: number) => Iterable<number>;
  readonly #collecting = new Map<number, Collecting>();
  #asks = 0;

  /** @param askAll Asks every worker, and gives the ids of those asked. */
  constructor(askAll: (ask: number) => Iterable<number>) {
    this.#askAll = askAll;
  }

  collect(): Promise<unknown[][]> {
    const ask = ++this.#asks;
    return new Promise((resolve) => {
      this.#collecting.set(ask, { missing: new Set(this.#askAll(ask)), parts: [], resolve });
      setTimeout(() => this.#finish(ask), deadlineMs).unref();
    });
  }

  take(ask: number, worker: number, metrics: unknown[]): void {
    const collecting = this.#collecting.get(ask);
    if (!collecting?.missing.delete(worker)) return;
    collecting.parts.push(metrics);
    if (collecting.missing.size === 0) this.#finish(ask);
  }

  /** A worker that died answers nothing more. */
  forget(worker: number): void {
    for (const [ask, { missing }] of this.#collecting) {
      missing.delete(worker);
      if (missing.size === 0) this.#finish(ask);
    }
  }

  #finish(ask: number): void {
    const collecting = this.#collecting.get(ask);
    if (!collecting) return;
    this.#collecting.delete(ask);
    collecting.resolve(collecting.parts);
  }
}
