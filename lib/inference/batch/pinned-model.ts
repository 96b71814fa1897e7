import type { LoadedModel, PackageReference } from '../package.ts';

/**
 * The one version that a process answers a batch with: loaded once for all its parts, and let go for another's. Whoever
 * asks for a second one meanwhile would free the session of the first under its rows: one call at a time.
 */
export class PinnedModel {
  readonly #open: (reference: PackageReference) => Promise<LoadedModel>;
  #held: { packageDigest: string; model: LoadedModel } | undefined;

  constructor(open: (reference: PackageReference) => Promise<LoadedModel>) {
    this.#open = open;
  }

  /** @throws EvergreenError why it cannot be loaded. */
  async open(reference: PackageReference): Promise<LoadedModel> {
    const held = this.#held;
    if (held?.packageDigest === reference.packageDigest) return held.model;
    this.#held = undefined;
    await held?.model.session.release();
    const model = await this.#open(reference);
    this.#held = { packageDigest: reference.packageDigest, model };
    return model;
  }
}
