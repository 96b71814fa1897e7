import type { PredictionRecord } from '../inference/prediction-record.ts';
import type { ModelDefinition } from '../model/definition.ts';
import type { ModelVersion } from '../registry/registry.ts';
import { canonicalJson } from '../shared/digest.ts';
import { EvergreenError } from '../shared/errors.ts';
import { planCapture, type Receipt } from './capture.ts';
import type { CaptureStore } from './captures.store.ts';
import {
  type CaptureRefusal,
  type CapturesReply,
  compileCaptureCheck,
  type EdgeCapture,
  readCapture,
  readCaptures,
  toRecord,
} from './edge-captures.ts';
import type { PredictionStore } from './predictions.store.ts';

export interface CaptureDeskParts {
  predictions: Pick<PredictionStore, 'findReceipts' | 'addReceipt'>;
  captures: Pick<CaptureStore, 'write'>;
  isDeployed(model: string): boolean;
  /** Throws `version-unknown` when the registry does not have it. */
  readVersion(model: string, version: number): Promise<ModelVersion>;
  /** The definition a version was made with. */
  readDefinition(version: ModelVersion): Promise<ModelDefinition>;
  now(): Date;
}

interface KnownVersion {
  version: ModelVersion;
  check: ReturnType<typeof compileCaptureCheck>;
}

interface Fitting {
  index: number;
  record: PredictionRecord;
}

const writesAtOnce = 25;
const mostVersions = 100;

/** Where runners without a network bring what they predicted. */
export class CaptureDesk {
  readonly #parts: CaptureDeskParts;
  /** Versions never change, so that each is read once in a process. */
  readonly #versions = new Map<string, KnownVersion>();

  constructor(parts: CaptureDeskParts) {
    this.#parts = parts;
  }

  /**
   * Keeps predictions of a model, each once however often it comes.
   *
   * @throws EvergreenError `model-unknown`; the code of the first refusal when no record could be taken.
   */
  async take(model: string, body: unknown): Promise<CapturesReply> {
    const { isDeployed, now } = this.#parts;
    if (!isDeployed(model)) throw new EvergreenError('model-unknown', `no model is named ${model}`);
    const at = now();
    const refused: CaptureRefusal[] = [];
    const fitting: Fitting[] = [];
    for (const [index, given] of readCaptures(body).entries()) {
      const found = await this.#check(model, given, at);
      if ('record' in found) fitting.push({ index, record: found.record });
      else refused.push({ index, ...found, pointer: `/captures/${index}${found.pointer}` });
    }
    const { conflicts, repeated } = await this.#keep(fitting, at);
    refused.push(...conflicts);
    return replyOf(
      fitting.length - conflicts.length,
      repeated,
      refused.sort((a, b) => a.index - b.index),
    );
  }

  async #check(
    model: string,
    given: unknown,
    now: Date,
  ): Promise<{ record: PredictionRecord } | Omit<CaptureRefusal, 'index'>> {
    const capture = readCapture(given);
    if ('pointer' in capture) return { code: 'request-invalid', ...capture };
    const known = await this.#findVersion(model, capture);
    if (!known) {
      const message = `is ${capture.version}, which ${model} does not have`;
      return { code: 'version-unknown', pointer: '/version', message };
    }
    const misfit = known.check(capture, now);
    return misfit ? { code: 'request-invalid', ...misfit } : { record: toRecord(capture, known.version) };
  }

  async #findVersion(model: string, { version }: EdgeCapture): Promise<KnownVersion | undefined> {
    const key = `${model}@${version}`;
    const known = this.#versions.get(key);
    if (known) return known;
    const { readVersion, readDefinition } = this.#parts;
    let registered: ModelVersion;
    try {
      registered = await readVersion(model, version);
    } catch (thrown) {
      if (thrown instanceof EvergreenError && thrown.code === 'version-unknown') return undefined;
      throw thrown;
    }
    const definition = await readDefinition(registered);
    const found = { version: registered, check: compileCaptureCheck({ version: registered, definition }) };
    if (this.#versions.size >= mostVersions) this.#versions.clear();
    this.#versions.set(key, found);
    return found;
  }

  /** Objects first, as for the log: a receipt never points at nothing. */
  async #keep(fitting: Fitting[], now: Date): Promise<{ conflicts: CaptureRefusal[]; repeated: number }> {
    const { predictions, captures } = this.#parts;
    const conflicts: CaptureRefusal[] = [];
    let repeated = 0;
    const compare = (index: number, ours: Receipt, there: Receipt) => {
      if (isSamePrediction(ours, there)) repeated += 1;
      else conflicts.push(conflictAt(index, ours));
    };
    const places = new Map<string, number>();
    const seen = new Map<string, Receipt>();
    for (const { index, record } of fitting) {
      const [receipt] = planCapture({ records: [record], dropped: 0, eventIds: [] }).receipts;
      if (!receipt) continue;
      const before = seen.get(receipt.predictionId);
      if (before) compare(index, receipt, before);
      else {
        seen.set(receipt.predictionId, receipt);
        places.set(receipt.predictionId, index);
      }
    }
    const known = await predictions.findReceipts(seen.keys(), now);
    for (const [id, there] of known) {
      const ours = seen.get(id);
      if (ours) compare(places.get(id) ?? 0, ours, there);
      places.delete(id);
    }
    const fresh = fitting.filter(({ index, record }) => places.get(record.predictionId) === index);
    // Named by what is in it: the same records sent again, after a crash, take the place of themselves.
    const eventIds = fresh.map(({ record }) => record.predictionId);
    const plan = planCapture({ records: fresh.map(({ record }) => record), dropped: 0, eventIds });
    await captures.write(plan.objects);
    for (let start = 0; start < plan.receipts.length; start += writesAtOnce) {
      const chunk = plan.receipts.slice(start, start + writesAtOnce);
      const found = await Promise.all(chunk.map((receipt) => predictions.addReceipt(receipt)));
      for (const [place, there] of found.entries()) {
        const ours = chunk[place];
        if (there && ours) compare(places.get(ours.predictionId) ?? 0, ours, there);
      }
    }
    return { conflicts, repeated };
  }
}

/** Wherever its object lies. */
function isSamePrediction({ objectKey: _, ...a }: Receipt, { objectKey: __, ...b }: Receipt): boolean {
  return canonicalJson(a) === canonicalJson(b);
}

const conflictAt = (index: number, { predictionId }: Receipt): CaptureRefusal => ({
  index,
  code: 'request-conflict',
  pointer: `/captures/${index}/predictionId`,
  message: `is ${predictionId}, under which another prediction is on record`,
});

function replyOf(accepted: number, repeated: number, refused: CaptureRefusal[]): CapturesReply {
  const [first] = refused;
  if (accepted > 0 || !first) return { accepted, repeated, refused };
  const errors = refused.map(({ pointer, message }) => ({ pointer, message }));
  throw new EvergreenError(first.code, `${first.pointer} ${first.message}`, { details: { errors } });
}
