import type { S3Client } from '@aws-sdk/client-s3';
import { readBytes, writeDocument } from '../shared/objects.ts';
import { type HourProfile, hourProfile, hourProfileKey } from './hour-profile.ts';

/** Profiles of hours that were made before. */
export class HourProfileStore {
  readonly #s3: S3Client;
  readonly #bucket: string;

  constructor(s3: S3Client, bucket: string) {
    this.#s3 = s3;
    this.#bucket = bucket;
  }

  /** Undefined when there is none, or one of another form than this release writes: it is made anew. */
  async find(model: string, version: number, hour: string): Promise<HourProfile | undefined> {
    const key = hourProfileKey(model, version, hour);
    const bytes = await readBytes(this.#s3, { bucket: this.#bucket, key });
    if (!bytes) return undefined;
    return parseHour(new TextDecoder().decode(bytes));
  }

  async write(profile: HourProfile): Promise<void> {
    const key = hourProfileKey(profile.model, profile.version, profile.hour);
    await writeDocument(this.#s3, { bucket: this.#bucket, key }, profile);
  }
}

function parseHour(text: string): HourProfile | undefined {
  try {
    return hourProfile.safeParse(JSON.parse(text)).data;
  } catch (thrown) {
    if (thrown instanceof SyntaxError) return undefined;
    throw thrown;
  }
}
