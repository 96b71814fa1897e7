import { isCaptured } from '../inference/capture-share.ts';
import type { ModelVersion } from '../registry/registry.ts';
import { EvergreenError } from '../shared/errors.ts';
import type { CaptureStore } from './captures.store.ts';
import {
  type FeedbackReply,
  type LabelledModel,
  notCaptured,
  readFeedback,
  replyOf,
  sortFeedback,
} from './feedback.ts';
import { type LabelEffect, labelId } from './label.ts';
import { type PredictionReceipt, toPredictionReceipt } from './prediction-receipt.ts';
import type { PredictionStore } from './predictions.store.ts';
import type { ThumbStore } from './thumbs.store.ts';

export interface FeedbackDeskParts {
  predictions: Pick<PredictionStore, 'findReceipts' | 'findPrediction' | 'putLabel'>;
  thumbs: Pick<ThumbStore, 'put'>;
  captures: Pick<CaptureStore, 'complete'>;
  /** Throws `version-unknown` when the registry does not have it. */
  readVersion(model: string, version: number): Promise<ModelVersion>;
  /** The models that are deployed, by name. */
  models: ReadonlyMap<string, LabelledModel>;
  now(): Date;
}

const writesAtOnce = 25;

/** Of an entry that is a label and a thumb: known before when both were, else what is more than that. */
const effectOf = (effects: LabelEffect[]): LabelEffect =>
  (['corrected', 'new'] as const).find((effect) => effects.includes(effect)) ?? 'repeated';

/** Where applications say what turned out to be true, and ask what answered them. */
export class FeedbackDesk {
  readonly #parts: FeedbackDeskParts;

  constructor(parts: FeedbackDeskParts) {
    this.#parts = parts;
  }

  /**
   * Takes labels for predictions of a model. Given again they change nothing.
   *
   * @throws EvergreenError `model-unknown`; `request-invalid`, `prediction-unknown` when no label could be taken.
   */
  async take(model: string, body: unknown): Promise<FeedbackReply> {
    const { predictions, now, models } = this.#parts;
    const known = models.get(model);
    if (!known) throw new EvergreenError('model-unknown', `no model is named ${model}`);
    const feedback = readFeedback(body);
    const at = now();
    const receipts = await predictions.findReceipts(
      feedback.entries.map(({ predictionId }) => predictionId),
      at,
    );
    const { labels, thumbs, accepted, refused } = sortFeedback(feedback, known, receipts, at);
    const effects: LabelEffect[] = [];
    const entries = Map.groupBy(
      [
        ...labels.map((label) => ({ id: labelId(label), write: () => predictions.putLabel(label) })),
        ...thumbs.map((thumb) => ({ id: labelId(thumb), write: () => this.#parts.thumbs.put(thumb) })),
      ],
      ({ id }) => id,
    );
    const all = [...entries.values()];
    for (let index = 0; index < all.length; index += writesAtOnce) {
      const chunk = all.slice(index, index + writesAtOnce);
      effects.push(
        ...(await Promise.all(
          chunk.map(async (writes) => effectOf(await Promise.all(writes.map(({ write }) => write())))),
        )),
      );
    }
    return replyOf(accepted, effects, refused);
  }

  /** @throws EvergreenError `prediction-unknown`, `prediction-not-captured`. */
  async receipt(predictionId: string): Promise<PredictionReceipt> {
    const { predictions, captures, now } = this.#parts;
    const found = await predictions.findPrediction(predictionId, now());
    if (!found) {
      throw this.#unknown(predictionId);
    }
    const [receipt, version] = await Promise.all([
      captures.complete(found.receipt),
      this.#findVersion(found.receipt.model, found.receipt.version),
    ]);
    return toPredictionReceipt(receipt, found.labels, version);
  }

  /** An id does not say which model answered: that it was not captured is certain when no model would have kept it. */
  #unknown(predictionId: string): EvergreenError {
    const models = [...this.#parts.models.values()];
    const others = models.filter(({ capture }) => !isCaptured(predictionId, capture));
    const [first] = others;
    if (!first) return new EvergreenError('prediction-unknown', `no prediction ${predictionId} is on record`);
    if (others.length === models.length) {
      return new EvergreenError('prediction-not-captured', notCaptured(predictionId, first));
    }
    const names = others.map(({ name }) => name).join(', ');
    const message = `no prediction ${predictionId} is on record; if it was of ${names}, it was not captured`;
    return new EvergreenError('prediction-unknown', message);
  }

  /** A registry restored to an older state may not know a version that answered. */
  async #findVersion(model: string, version: number): Promise<ModelVersion | undefined> {
    try {
      return await this.#parts.readVersion(model, version);
    } catch (thrown) {
      if (thrown instanceof EvergreenError && thrown.code === 'version-unknown') return undefined;
      throw thrown;
    }
  }
}
