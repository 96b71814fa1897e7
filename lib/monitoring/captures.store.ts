import { type _Object, ListObjectsV2Command, type S3Client } from '@aws-sdk/client-s3';
import { type PredictionRecord, predictionRecord } from '../inference/prediction-record.ts';
import { EvergreenError } from '../shared/errors.ts';
import { readBytes, readRequiredBytes, writeObject } from '../shared/objects.ts';
import { type CaptureObject, capturePrefix, type FullReceipt, type Receipt } from './capture.ts';
import type { CapturedDay } from './capture-cost.ts';

const readsAtOnce = 16;
const hourMs = 3_600_000;

export interface CapturedHour {
  records: PredictionRecord[];
  /** The hour has more rows than may be read. */
  isCutOff: boolean;
}

/** Captured predictions as objects, by model and hour. */
export class CaptureStore {
  readonly #s3: S3Client;
  readonly #bucket: string;

  constructor(s3: S3Client, bucket: string) {
    this.#s3 = s3;
    this.#bucket = bucket;
  }

  async write(objects: CaptureObject[]): Promise<void> {
    for (const { key, body } of objects) {
      await writeObject(this.#s3, { bucket: this.#bucket, key }, body, 'application/x-ndjson');
    }
  }

  /** What was captured in the 24 hours before a time, in whole hours. */
  async sizeOfDay(model: string, now: Date): Promise<CapturedDay> {
    const hours = await Promise.all(
      Array.from({ length: 24 }, (_, ago) =>
        this.#below(capturePrefix(model, new Date(now.getTime() - (ago + 1) * hourMs))),
      ),
    );
    const sizes = hours.flat();
    return { objects: sizes.length, bytes: sizes.reduce((sum, { Size = 0 }) => sum + Size, 0) };
  }

  async #keysBelow(prefix: string): Promise<string[]> {
    return (await this.#below(prefix)).flatMap(({ Key }) => (Key === undefined ? [] : [Key]));
  }

  async #below(prefix: string): Promise<_Object[]> {
    const objects: _Object[] = [];
    let token: string | undefined;
    do {
      const page = await this.#s3.send(
        new ListObjectsV2Command({ Bucket: this.#bucket, Prefix: prefix, ContinuationToken: token }),
      );
      objects.push(...(page.Contents ?? []));
      token = page.NextContinuationToken;
    } while (token !== undefined);
    return objects;
  }

  /** Keys of a day that may hold predictions of the period, newest first: names sort by time. */
  async #keysOfDay(model: string, day: Date, period: { from: Date; to: Date }): Promise<string[]> {
    const prefix = capturePrefix(model, day).replace(/hour=.*$/, '');
    const from = capturePrefix(model, period.from);
    const to = `${capturePrefix(model, period.to)}~`;
    const keys = await this.#keysBelow(prefix);
    return keys
      .filter((key) => key >= from && key <= to)
      .sort()
      .reverse();
  }

  async #records(key: string): Promise<PredictionRecord[]> {
    const bytes = await readBytes(this.#s3, { bucket: this.#bucket, key });
    // Captures expire by themselves, also between the listing and the reading.
    if (!bytes) return [];
    const lines = new TextDecoder().decode(bytes).split('\n').filter(Boolean);
    return lines.map((line) => predictionRecord.parse(JSON.parse(line)));
  }

  /** Names of the objects of each hour that has any, by the beginning of the hour; newest hour first. */
  async listHours(model: string, period: { from: Date; to: Date }): Promise<Map<string, string[]>> {
    const hours = new Map<string, string[]>();
    const lastDay = Date.parse(`${period.to.toISOString().slice(0, 10)}T00:00:00Z`);
    for (let day = lastDay; day + 24 * hourMs > period.from.getTime(); day -= 24 * hourMs) {
      for (const key of await this.#keysOfDay(model, new Date(day), period)) {
        const [, date, hour, name] = /dt=([^/]+)\/hour=(\d\d)\/([^/]+)$/.exec(key) ?? [];
        if (date === undefined || hour === undefined || name === undefined) continue;
        const at = `${date}T${hour}:00:00.000Z`;
        hours.set(at, [...(hours.get(at) ?? []), name]);
      }
    }
    return hours;
  }

  /** Predictions of one hour, each once, object after object until `maxRows` rows are together. */
  async readHour(model: string, hour: string, names: string[], maxRows: number): Promise<CapturedHour> {
    const found = new Map<string, PredictionRecord>();
    const prefix = capturePrefix(model, new Date(hour));
    let rows = 0;
    for (let index = 0; index < names.length; index += readsAtOnce) {
      const objects = await Promise.all(
        names.slice(index, index + readsAtOnce).map((name) => this.#records(prefix + name)),
      );
      for (const record of objects.flat()) {
        if (found.has(record.predictionId)) continue;
        if (rows + record.rows.length > maxRows) return { records: [...found.values()], isCutOff: true };
        found.set(record.predictionId, record);
        rows += record.rows.length;
      }
    }
    return { records: [...found.values()], isCutOff: false };
  }

  /**
   * The newest predictions since a time, each once and newest first, until `most` requests are together. Hours without
   * traffic cost a listing: a period is at most some days long.
   */
  async readNewest(
    model: string,
    { from, to }: { from: Date; to: Date },
    most: number,
  ): Promise<PredictionRecord[]> {
    const found = new Map<string, PredictionRecord>();
    const firstHour = Math.floor(from.getTime() / hourMs) * hourMs;
    for (let hour = to.getTime(); hour >= firstHour && found.size < most; hour -= hourMs) {
      const keys = await this.#keysBelow(capturePrefix(model, new Date(hour)));
      // Names begin with the time.
      keys.sort().reverse();
      for (let index = 0; index < keys.length && found.size < most; index += readsAtOnce) {
        const chunk = keys.slice(index, index + readsAtOnce);
        const records = await Promise.all(chunk.map((key) => this.#records(key)));
        for (const record of records.flat()) {
          const at = Date.parse(record.at);
          if (at >= from.getTime() && at <= to.getTime()) found.set(record.predictionId, record);
        }
      }
    }
    return [...found.values()].sort((a, b) => b.at.localeCompare(a.at)).slice(0, most);
  }

  /** A receipt with its rows and predictions, wherever they lie. */
  async complete(receipt: Receipt): Promise<FullReceipt> {
    const { content, objectKey, predictionId } = receipt;
    if (content) return { ...receipt, content };
    const bytes = await readRequiredBytes(this.#s3, { bucket: this.#bucket, key: objectKey });
    for (const line of new TextDecoder().decode(bytes).split('\n').filter(Boolean)) {
      const record = predictionRecord.parse(JSON.parse(line));
      if (record.predictionId === predictionId) {
        return { ...receipt, content: { rows: record.rows, predictions: record.predictions } };
      }
    }
    throw new EvergreenError(
      'artifact-damaged',
      `object ${objectKey} does not hold prediction ${predictionId}`,
    );
  }
}
