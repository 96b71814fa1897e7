import { createHmac } from 'node:crypto';
import type * as z from 'zod';
import type { Feature } from './features.ts';
import type { privacy } from './privacy.ts';

/*
 * Personal values made into something else before anything keeps them or a model sees them, in training and serving alike:
 * of a text a keyed hash, or the last characters alone; of a category one of some buckets, by its keyed hash. All leave a
 * value alone that they made, so it does no harm to meet one twice: whoever has the key may send values hashed.
 */

export type Disguise =
  | { kind: 'hash'; key: string }
  | { kind: 'bucket'; key: string; buckets: number }
  | { kind: 'mask'; keepLast: number };

/**
 * The categories of a feature whose values are hashed and not listed: any text falls into one of them. Two values may
 * share one; with as many buckets as there are values, about a third of the buckets stay empty.
 *
 * Source: Weinberger et al., Feature Hashing for Large Scale Multitask Learning, ICML 2009.
 */
export function hashBuckets(count: number): string[] {
  const width = bucketDigits(count);
  return Array.from({ length: count }, (_, place) => `bucket-${String(place).padStart(width, '0')}`);
}

export const bucketDigits = (count: number) => String(count - 1).length;

/** Whether the categories are buckets, and all of them in their order. */
export function areBuckets(categories: readonly string[]): boolean {
  return (
    categories.length > 1 && hashBuckets(categories.length).every((name, place) => name === categories[place])
  );
}

interface Defined {
  features: Readonly<Record<string, Feature>>;
  privacy: z.infer<typeof privacy>;
}

const hexDigits = 32;

/** What becomes of the values of a feature; undefined where they stay as they are. */
export function disguiseOf({ features, privacy: asked }: Defined, name: string): Disguise | undefined {
  const feature = features[name];
  if (!feature || feature.personalData === 'none') return undefined;
  const treatment = asked.personalData?.[feature.personalData];
  const key = asked.hash?.key ?? '1';
  if (feature.type === 'category' && treatment === 'hash') {
    return { kind: 'bucket', key, buckets: feature.categories.length };
  }
  if (feature.type !== 'text') return undefined;
  if (treatment === 'hash') return { kind: 'hash', key };
  if (treatment === 'mask') return { kind: 'mask', keepLast: asked.mask?.keepLast ?? 4 };
  return undefined;
}

/** The name of the key that features are hashed with; undefined where none is. */
export function hashKeyNameOf(definition: Defined): string | undefined {
  for (const name of Object.keys(definition.features)) {
    const disguise = disguiseOf(definition, name);
    if (disguise && disguise.kind !== 'mask') return disguise.key;
  }
  return undefined;
}

/** What KMS makes the key of a model and a name of. */
export function hashKeyMessage(model: string, keyName: string): string {
  return JSON.stringify(['evergreen/hash/v1', model, keyName]);
}

export const hashPrefix = (keyName: string) => `hmac-${keyName}-`;

/** A regular expression, for JavaScript and SQL alike, that hashes of a key match from end to end. */
export const hashPattern = (keyName: string) => `${hashPrefix(keyName)}[0-9a-f]{${hexDigits}}`;

/** What is hashed before the value itself: the same value of another feature has another hash. */
export const hashedBefore = (feature: string) => `${feature}\0`;

function macOf(key: Uint8Array, feature: string, value: string): string {
  return createHmac('sha256', key).update(hashedBefore(feature)).update(value).digest('hex');
}

/**
 * HMAC-SHA-256 of a value, its first 128 bits.
 *
 * @param key Of one model and one name: the same value of another model has another hash.
 */
export function hashedValue(key: Uint8Array, keyName: string, feature: string, value: string): string {
  if (new RegExp(`^${hashPattern(keyName)}$`).test(value)) return value;
  return hashPrefix(keyName) + macOf(key, feature, value).slice(0, hexDigits);
}

/** The bucket of a value: the first 32 bits of its HMAC, modulo their number. */
export function bucketOf(
  key: Uint8Array,
  feature: string,
  value: string,
  buckets: readonly string[],
): string {
  if (buckets.includes(value)) return value;
  const place = Number.parseInt(macOf(key, feature, value).slice(0, 8), 16) % buckets.length;
  return buckets[place] ?? '';
}

/** Stars for all but the last characters, of which a short value keeps at most half. */
export function maskedValue(value: string, keepLast: number): string {
  const characters = [...value];
  const kept = Math.min(keepLast, Math.floor(characters.length / 2));
  return '*'.repeat(characters.length - kept) + characters.slice(characters.length - kept).join('');
}
