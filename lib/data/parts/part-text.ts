import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { createGunzip } from 'node:zlib';
import { splitRecord, type Unreadable } from '../csv-scanner.ts';

const [lineFeed, carriageReturn, quote] = [0x0a, 0x0d, 0x22];

/** Blank lines and the header; a reader takes a header of a quarter of that. */
const longestHead = 4 << 20;

export interface PartText {
  /** Of a CSV file: the names of its header. */
  header: string[] | null;
  /** Lines written, and lines left out before them. */
  lines: number;
  skipped: number;
  bytes: number;
  sha256: string;
}

/**
 * Writes a file that the reader found sound as it is joined to others: unpacked, without byte order mark, its last line
 * ended, and without its header when it is not the first.
 */
export async function writePartText(
  from: string,
  to: string,
  { isCsv, isGzip, isFirst }: { isCsv: boolean; isGzip: boolean; isFirst: boolean },
): Promise<PartText | Unreadable> {
  const file = createReadStream(from, { highWaterMark: 1 << 18 });
  const stream = isGzip ? file.pipe(createGunzip()) : file;
  file.on('error', (error) => stream.destroy(error));
  const hash = createHash('sha256');
  const out = await open(to, 'w');
  const text: PartText = { header: null, lines: 0, skipped: 0, bytes: 0, sha256: '' };
  let isEnded = true;
  const write = async (bytes: Buffer) => {
    if (bytes.length === 0) return;
    hash.update(bytes);
    text.bytes += bytes.length;
    text.lines += count(bytes);
    isEnded = bytes.at(-1) === lineFeed;
    await out.writeFile(bytes);
  };
  try {
    let head: Buffer | null = Buffer.alloc(0);
    for await (const chunk of stream) {
      if (head === null) {
        await write(chunk);
        continue;
      }
      head = Buffer.concat([head, chunk]);
      const rest = takeHead(head, text, { isCsv, isFirst, isWhole: false });
      if (rest === undefined) {
        if (head.length <= longestHead) continue;
        return {
          line: 0,
          message: `the first ${longestHead} bytes hold no header; leave the blank lines out`,
        };
      }
      head = null;
      await write(rest);
    }
    if (head !== null)
      await write(takeHead(head, text, { isCsv, isFirst, isWhole: true }) ?? Buffer.alloc(0));
    if (!isEnded) await write(Buffer.from('\n'));
  } finally {
    stream.destroy();
    file.destroy();
    await out.close();
  }
  return { ...text, sha256: hash.digest('hex') };
}

/** What follows the mark and the header; undefined when more of the file is needed to tell. */
function takeHead(
  head: Buffer,
  text: PartText,
  { isCsv, isFirst, isWhole }: { isCsv: boolean; isFirst: boolean; isWhole: boolean },
): Buffer | undefined {
  if (head.length < 3 && !isWhole) return undefined;
  const isMarked = head[0] === 0xef && head[1] === 0xbb && head[2] === 0xbf;
  const bytes = isMarked ? head.subarray(3) : head;
  if (!isCsv) return bytes;
  const found = findHeader(bytes, isWhole);
  if (!found) return undefined;
  text.header = splitRecord(bytes.subarray(found.from, found.to).toString('utf8')).map((name) => name.trim());
  if (isFirst) return bytes;
  text.skipped = count(bytes.subarray(0, found.next));
  return bytes.subarray(found.next);
}

/** Where the first record that is not blank begins and ends; line ends within quotes are its own. */
function findHeader(bytes: Buffer, isWhole: boolean): { from: number; to: number; next: number } | undefined {
  let from = 0;
  let isQuoted = false;
  for (let i = 0; i < bytes.length; i++) {
    if (bytes[i] === quote) isQuoted = !isQuoted;
    if (bytes[i] !== lineFeed || isQuoted) continue;
    const to = bytes[i - 1] === carriageReturn && i > from ? i - 1 : i;
    if (to > from) return { from, to, next: i + 1 };
    from = i + 1;
  }
  return isWhole ? { from, to: bytes.length, next: bytes.length } : undefined;
}

function count(bytes: Buffer): number {
  let lines = 0;
  for (let at = bytes.indexOf(lineFeed); at !== -1; at = bytes.indexOf(lineFeed, at + 1)) lines++;
  return lines;
}
