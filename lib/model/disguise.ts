import { createHmac } from 'node:crypto';
import type { z } from 'zod';
import type { Feature } from './features.ts';
import type { privacy } from './privacy.ts';

/*
 * Personal texts made into something else before anything keeps them or a model sees them, in training and serving alike:
 * a keyed hash, or the last characters alone. Both leave a value alone that they made, so it does no harm to meet one
 * twice: whoever has the key may send values hashed.
 */

export type Disguise = { kind: 'hash'; key: string } | { kind: 'mask'; keepLast: number };

interface Defined {
  features: Readonly<Record<string, Feature>>;
  privacy: z.infer<typeof privacy>;
}

const hexDigits = 32;

/** What becomes of the texts of a feature; undefined where they stay as they are. */
export function disguiseOf({ features, privacy: asked }: Defined, name: string): Disguise | undefined {
  const feature = features[name];
  if (feature?.type !== 'text' || feature.personalData === 'none') return undefined;
  const treatment = asked.personalData?.[feature.personalData];
  if (treatment === 'hash') return { kind: 'hash', key: asked.hash?.key ?? '1' };
  if (treatment === 'mask') return { kind: 'mask', keepLast: asked.mask?.keepLast ?? 4 };
  return undefined;
}

/** The name of the key that features are hashed with; undefined where none is. */
export function hashKeyNameOf(definition: Defined): string | undefined {
  for (const name of Object.keys(definition.features)) {
    const disguise = disguiseOf(definition, name);
    if (disguise?.kind === 'hash') return disguise.key;
  }
  return undefined;
}

export const hashPrefix = (keyName: string) => `hmac-${keyName}-`;

/** A regular expression, for JavaScript and SQL alike, that hashes of a key match from end to end. */
export const hashPattern = (keyName: string) => `${hashPrefix(keyName)}[0-9a-f]{${hexDigits}}`;

/** What is hashed before the value itself: the same value of another feature has another hash. */
export const hashedBefore = (feature: string) => `${feature}\0`;

/**
 * HMAC-SHA-256 of a value, its first 128 bits.
 *
 * @param key Of one model: the same value of another model has another hash.
 */
export function hashedValue(key: Uint8Array, keyName: string, feature: string, value: string): string {
  if (new RegExp(`^${hashPattern(keyName)}$`).test(value)) return value;
  const mac = createHmac('sha256', key).update(hashedBefore(feature)).update(value).digest('hex');
  return hashPrefix(keyName) + mac.slice(0, hexDigits);
}

/** Stars for all but the last characters, of which a short value keeps at most half. */
export function maskedValue(value: string, keepLast: number): string {
  const characters = [...value];
  const kept = Math.min(keepLast, Math.floor(characters.length / 2));
  return '*'.repeat(characters.length - kept) + characters.slice(characters.length - kept).join('');
}
