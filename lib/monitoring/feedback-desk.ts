import type { Target } from '../model/features.ts';
import type { ModelVersion } from '../registry/registry.ts';
import { EvergreenError } from '../shared/errors.ts';
import type { CaptureStore } from './captures.store.ts';
import { type FeedbackReply, readFeedback, replyOf, sortFeedback } from './feedback.ts';
import type { LabelEffect } from './label.ts';
import { type PredictionReceipt, toPredictionReceipt } from './prediction-receipt.ts';
import type { PredictionStore } from './predictions.store.ts';

export interface FeedbackDeskParts {
  predictions: Pick<PredictionStore, 'findReceipts' | 'findPrediction' | 'putLabel'>;
  captures: Pick<CaptureStore, 'complete'>;
  /** Throws `version-unknown` when the registry does not have it. */
  readVersion(model: string, version: number): Promise<ModelVersion>;
  /** What a deployed model predicts; undefined when no such model is deployed. */
  targetOf(model: string): Target | undefined;
  now(): Date;
}

const writesAtOnce = 25;

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
    const { predictions, now, targetOf } = this.#parts;
    const target = targetOf(model);
    if (!target) throw new EvergreenError('model-unknown', `no model is named ${model}`);
    const feedback = readFeedback(body);
    const at = now();
    const receipts = await predictions.findReceipts(
      feedback.entries.map(({ predictionId }) => predictionId),
      at,
    );
    const { labels, accepted, refused } = sortFeedback(feedback, { name: model, target }, receipts, at);
    const effects: LabelEffect[] = [];
    for (let index = 0; index < labels.length; index += writesAtOnce) {
      const chunk = labels.slice(index, index + writesAtOnce);
      effects.push(...(await Promise.all(chunk.map((label) => predictions.putLabel(label)))));
    }
    return replyOf(accepted, effects, refused);
  }

  /** @throws EvergreenError `prediction-unknown`. */
  async receipt(predictionId: string): Promise<PredictionReceipt> {
    const { predictions, captures, now } = this.#parts;
    const found = await predictions.findPrediction(predictionId, now());
    if (!found) {
      throw new EvergreenError('prediction-unknown', `no prediction ${predictionId} is on record`);
    }
    const [receipt, version] = await Promise.all([
      captures.complete(found.receipt),
      this.#findVersion(found.receipt.model, found.receipt.version),
    ]);
    return toPredictionReceipt(receipt, found.labels, version);
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
