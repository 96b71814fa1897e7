import { bucketDigits, type Disguise, hashedBefore, hashPattern, hashPrefix } from '../../model/disguise.ts';

const blockBytes = 64;

/** Adds a parameter to a statement; gives the SQL that stands for it. */
export type TextParameter = (value: string) => string;

/**
 * SQL of a value as {@link hashedValue}, {@link bucketOf} or {@link maskedValue} makes it. The key comes in by parameters: no statement, and
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
  const mac = `sha256(unhex(${parameter(outer)}) || unhex(sha256(unhex(${parameter(inner)}) || encode(${value}))))`;
  if (disguise.kind === 'bucket') {
    const { buckets } = disguise;
    const digits = bucketDigits(buckets);
    const isBucket = `regexp_full_match(${value}, 'bucket-[0-9]{${digits}}') AND CAST(right(${value}, ${digits}) AS INTEGER) < ${buckets}`;
    const place = `CAST('0x' || left(${mac}, 8) AS UBIGINT) % ${buckets}`;
    return `CASE WHEN ${isBucket} THEN ${value} WHEN ${value} IS NOT NULL THEN 'bucket-' || lpad(CAST(${place} AS VARCHAR), ${digits}, '0') END`;
  }
  const isHashed = `regexp_full_match(${value}, ${parameter(hashPattern(disguise.key))})`;
  return `CASE WHEN ${isHashed} THEN ${value} WHEN ${value} IS NOT NULL THEN ${parameter(hashPrefix(disguise.key))} || left(${mac}, 32) END`;
}
