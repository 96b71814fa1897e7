import { constants, createGunzip } from 'node:zlib';
import type { Unreadable } from '../csv-scanner.ts';
import { damagedGzip } from '../stage-file.ts';

/**
 * The first bytes of what a gzip file holds, of its own first bytes: a little more than asked for, where there is as
 * much. What comes before a damage is given; the job finds the damage.
 */
export function unpackHead(packed: Buffer, bytes: number): Promise<Buffer | Unreadable> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer | Unreadable>();
  // The end is somewhere else: what is there is given.
  const stream = createGunzip({ finishFlush: constants.Z_SYNC_FLUSH });
  const parts: Buffer[] = [];
  let length = 0;
  const give = () => resolve(Buffer.concat(parts));
  stream.on('data', (part: Buffer) => {
    parts.push(part);
    length += part.length;
    if (length <= bytes) return;
    give();
    stream.destroy();
  });
  stream.on('end', give);
  stream.on('error', (thrown) => {
    const damaged = damagedGzip(thrown);
    if (!damaged) reject(thrown);
    else if (parts.length > 0) give();
    else resolve(damaged);
  });
  stream.end(packed);
  return promise;
}
