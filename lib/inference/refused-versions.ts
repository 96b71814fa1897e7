import type { LiveVersion } from '../registry/registry.ts';
import { EvergreenError, messageOf } from '../shared/errors.ts';

export interface RefusedVersion {
  model: string;
  version: number;
  packageDigest: string;
  code: string;
  message: string;
}

interface Refusal {
  error: unknown;
  again: number;
  waitMs: number;
}

const firstWaitMs = 2000;
const longestWaitMs = 60_000;

/** Versions that could not be loaded: each is left alone for a while, and twice as long each time. */
export class RefusedVersions {
  readonly #refusals = new Map<string, Refusal>();
  readonly #now: () => number;
  readonly #onRefused: (refused: RefusedVersion) => void;

  /** @param onRefused Told of each try that failed. */
  constructor(now: () => number, onRefused: (refused: RefusedVersion) => void) {
    this.#now = now;
    this.#onRefused = onRefused;
  }

  /** Why a version is left alone, and for how long; undefined when it may be tried. */
  find(packageDigest: string): { error: unknown; waitMs: number } | undefined {
    const refusal = this.#refusals.get(packageDigest);
    const waitMs = refusal ? refusal.again - this.#now() : 0;
    return refusal && waitMs > 0 ? { error: refusal.error, waitMs } : undefined;
  }

  add(model: string, { version, packageDigest }: LiveVersion, error: unknown): void {
    const before = this.#refusals.get(packageDigest);
    const waitMs = before ? Math.min(before.waitMs * 2, longestWaitMs) : firstWaitMs;
    this.#refusals.set(packageDigest, { error, again: this.#now() + waitMs, waitMs });
    const code = error instanceof EvergreenError ? error.code : 'internal';
    this.#onRefused({ model, version, packageDigest, code, message: messageOf(error) });
  }

  forget(packageDigest: string): void {
    this.#refusals.delete(packageDigest);
  }

  keepOnly(packageDigests: ReadonlySet<string>): void {
    for (const packageDigest of this.#refusals.keys()) {
      if (!packageDigests.has(packageDigest)) this.#refusals.delete(packageDigest);
    }
  }
}
