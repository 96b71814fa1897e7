import { createHash } from 'node:crypto';
import * as z from 'zod';
import { EvergreenError } from './errors.ts';

/** A SHA-256 digest as {@link sha256} writes it. */
export const digest = z.string().regex(/^[0-9a-f]{64}$/);

/** SHA-256 of bytes or UTF-8 text, as 64 lower-case hexadecimal digits. */
export function sha256(content: Uint8Array | string): string {
  return createHash('sha256').update(content).digest('hex');
}

/**
 * JSON text that is the same for equal values: keys sorted by code unit, no white space, undefined left out.
 *
 * Source: the ordering rule of RFC 8785; numbers are written as ECMAScript writes them, which that RFC asks for.
 *
 * @throws EvergreenError `internal` for NaN and infinity, which JSON would turn into null.
 */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item ?? null)).join(',')}]`;
  if (typeof value === 'number' && !Number.isFinite(value)) {
    throw new EvergreenError('internal', `${value} has no JSON form`);
  }
  if (value !== null && typeof value === 'object') {
    if ('toJSON' in value && typeof value.toJSON === 'function') return canonicalJson(value.toJSON());
    const entries = Object.entries(value)
      .filter(([, member]) => member !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, member]) => `${JSON.stringify(key)}:${canonicalJson(member)}`);
    return `{${entries.join(',')}}`;
  }
  return JSON.stringify(value);
}

/** SHA-256 of a value's canonical JSON. */
export function digestOf(value: unknown): string {
  return sha256(canonicalJson(value));
}

/**
 * @param what Names the bytes in the message.
 * @throws EvergreenError `artifact-damaged` when they have another digest than they should.
 */
export function requireDigest(bytes: Uint8Array, expected: string, what: string): void {
  const found = sha256(bytes);
  if (found === expected) return;
  throw new EvergreenError('artifact-damaged', `${what} has the digest ${found} instead of ${expected}`);
}
