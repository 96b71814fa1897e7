import { createWriteStream, mkdirSync } from 'node:fs';
import { join } from 'node:path';

/** Bytes that may wait for the disk; what comes on top is dropped and counted, for no reply waits for a capture. */
const mostWaitingBytes = 8 * 1024 * 1024;

/**
 * Appends lines to a file of this process alone, `<folder>/<start>-<pid>.jsonl`.
 *
 * @param onDrop Told of each line that was not kept.
 */
export function captureFile(
  folder: string,
  startedAt: Date,
  onDrop: () => void,
): { write(line: string): void; close(): Promise<void> } {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const name = `${startedAt.toISOString().replaceAll(/[:.]/g, '-')}-${process.pid}.jsonl`;
  const stream = createWriteStream(join(folder, name), { flags: 'a', mode: 0o600 });
  let isBroken = false;
  stream.on('error', () => {
    isBroken = true;
  });
  return {
    write(line) {
      if (isBroken || stream.writableLength > mostWaitingBytes) onDrop();
      else stream.write(`${line}\n`);
    },
    close: () => new Promise((resolve) => (isBroken ? resolve() : stream.end(() => resolve()))),
  };
}
