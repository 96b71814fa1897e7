import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';

/*
 * A folder of captures:
 *
 *   queue/<time>-<random>.jsonl     written by runners
 *   sending/<same name>             taken by `sync`; gone once all of it was answered
 *   refused/<same name>             what the API refused of it, with the reason; nobody deletes it but for room
 *   dropped.jsonl                   how many records were given up for want of room, and when
 */
export const placesOf = (folder: string) => ({
  queue: join(folder, 'queue'),
  sending: join(folder, 'sending'),
  refused: join(folder, 'refused'),
  dropped: join(folder, 'dropped.jsonl'),
});

export interface QueuedFile {
  name: string;
  path: string;
  bytes: number;
}

/** Files of a folder in the order of their times; none when there is no folder. */
export async function filesIn(folder: string): Promise<QueuedFile[]> {
  const names = await readdir(folder).catch((thrown: NodeJS.ErrnoException) => {
    if (thrown.code === 'ENOENT') return [];
    throw thrown;
  });
  const files = await Promise.all(
    names
      .filter((name) => name.endsWith('.jsonl'))
      .map(async (name) => {
        const path = join(folder, name);
        // Whoever sends may take it away in between.
        const found = await stat(path).catch(() => undefined);
        return found ? [{ name, path, bytes: found.size }] : [];
      }),
  );
  return files.flat().sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** All that counts against the room, the oldest first. */
export async function queuedFiles(folder: string): Promise<QueuedFile[]> {
  const { queue, sending, refused } = placesOf(folder);
  const files = (await Promise.all([queue, sending, refused].map(filesIn))).flat();
  return files.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Records that were given up so far. */
export async function countDropped(folder: string): Promise<number> {
  const text = await readFile(placesOf(folder).dropped, 'utf8').catch(() => '');
  return text
    .split('\n')
    .filter(Boolean)
    .reduce((sum, line) => sum + (Number(/"records":(\d+)/.exec(line)?.[1]) || 0), 0);
}
