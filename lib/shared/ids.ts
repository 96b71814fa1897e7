import { randomUUID } from 'node:crypto';

/**
 * A UUID of version 7 (RFC 9562): sorts by the time it was made, to the millisecond.
 *
 * @param nowMs Milliseconds since 1970.
 * @param random A UUID of version 4, whose random bits it takes: Node draws those in advance.
 */
export function uuidV7(nowMs: number = Date.now(), random: string = randomUUID()): string {
  const time = nowMs.toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7${random.slice(15)}`;
}

const uuidV7Form = /^([0-9a-f]{8})-([0-9a-f]{4})-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i;

/** When a UUID of version 7 was made, in milliseconds since 1970; undefined when it is none. */
export function uuidV7TimeMs(id: string): number | undefined {
  const match = uuidV7Form.exec(id);
  return match ? Number.parseInt(`${match[1]}${match[2]}`, 16) : undefined;
}
