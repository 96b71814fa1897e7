import { type Disguise, hashedBefore, hashPattern, hashPrefix } from '../../model/disguise.ts';

const blockBytes = 64;

/** Adds a parameter to a statement; gives the SQL that stands for it. */
export type TextParameter = (value: string) => string;

/**
 * SQL of a text as {@link hashedValue} or {@link maskedValue} makes it. The key comes in by parameters: no statement, and
 * so no message about one, holds it.
 *
 * Source: RFC 2104.
 *
 * @param key At most 64 bytes; for hashes alone.
 */
export function disguiseSql(
  value: string,
  feature: string,
  disguise: Disguise,
  key: Uint8Array,
  parameter: TextParameter,
): string {
  if (disguise.kind === 'mask') {
    const kept = `least(${disguise.keepLast}, length(${value}) // 2)`;
    return `repeat('*', length(${value}) - ${kept}) || right(${value}, ${kept})`;
  }
  const padded = Buffer.alloc(blockBytes);
  padded.set(key);
  const xored = (byte: number) => Buffer.from(padded.map((each) => each ^ byte));
  const inner = Buffer.concat([xored(0x36), Buffer.from(hashedBefore(feature))]).toString('hex');
  const outer = xored(0x5c).toString('hex');
  const isHashed = `regexp_full_match(${value}, ${parameter(hashPattern(disguise.key))})`;
  const mac = `sha256(unhex(${parameter(outer)}) || unhex(sha256(unhex(${parameter(inner)}) || encode(${value}))))`;
  return `CASE WHEN ${isHashed} THEN ${value} WHEN ${value} IS NOT NULL THEN ${parameter(hashPrefix(disguise.key))} || left(${mac}, 32) END`;
}
