import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { appendFile, type FileHandle, open, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { placesOf, queuedFiles } from './capture-places.ts';

export interface CaptureQueueOptions {
  folder: string;
  /** Bytes of all files together; above it the oldest file goes. */
  limitBytes: number;
  /** Told how many records were given up. */
  onDrop?: (records: number) => void;
  /** @default 1 s */
  flushMs?: number;
  now?: () => Date;
}

/** A file that may grow no more is left, and the next begun. */
const segmentBytes = 1024 * 1024;
/** Lines that may wait for a disk that does not answer; what comes on top is dropped. */
const mostWaitingBytes = 8 * 1024 * 1024;

interface OpenFile {
  path: string;
  handle: FileHandle;
  inode: number;
  bytes: number;
}

/**
 * Keeps lines in files until they are sent. Adding never waits: lines are on the disk within a second.
 *
 * Whoever sends moves a file away under its writer. Each write is therefore followed by a look whether the file still lies
 * where it was opened; if not, the same lines are written again to a new file. So none is lost, and one may lie there
 * twice, which is sent twice and stored once. Processes share a folder in the same way: each writes files of its own.
 */
export class CaptureQueue {
  readonly #options: Required<CaptureQueueOptions>;
  readonly #places: ReturnType<typeof placesOf>;
  #waiting: string[] = [];
  #waitingBytes = 0;
  /** Given up, and not noted in the folder yet. */
  #dropped = 0;
  #file: OpenFile | undefined;
  #timer: NodeJS.Timeout | undefined;
  #flushing: Promise<void> = Promise.resolve();

  constructor(options: CaptureQueueOptions) {
    this.#options = { flushMs: 1000, now: () => new Date(), onDrop: () => undefined, ...options };
    this.#places = placesOf(options.folder);
    mkdirSync(this.#places.queue, { recursive: true, mode: 0o700 });
  }

  add(line: string): void {
    const bytes = Buffer.byteLength(line) + 1;
    if (this.#waitingBytes + bytes > mostWaitingBytes) {
      this.#countDropped(1);
      return;
    }
    this.#waiting.push(line);
    this.#waitingBytes += bytes;
    this.#timer ??= setTimeout(() => void this.flush(), this.#options.flushMs);
  }

  /** Resolves when all that was added is on the disk, or could not be written now. */
  flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#flushing = this.#flushing.then(() => this.#write());
    return this.#flushing;
  }

  async close(): Promise<void> {
    await this.flush();
    await this.#leave();
    if (this.#waiting.length > 0) this.#options.onDrop(this.#waiting.length);
  }

  #countDropped(records: number): void {
    this.#dropped += records;
    this.#options.onDrop(records);
  }

  async #write(): Promise<void> {
    const lines = this.#waiting;
    const bytes = this.#waitingBytes;
    if (lines.length === 0) return;
    this.#waiting = [];
    this.#waitingBytes = 0;
    try {
      await this.#makeRoom(bytes);
      await this.#append(`${lines.join('\n')}\n`, bytes);
      await this.#noteDropped();
    } catch {
      // A full disk, or a folder that went away: the lines wait on, within the limit of the memory.
      this.#waiting = [...lines, ...this.#waiting];
      this.#waitingBytes += bytes;
      await this.#leave();
      this.#timer ??= setTimeout(() => void this.flush(), this.#options.flushMs);
      this.#timer.unref();
    }
  }

  async #append(text: string, bytes: number): Promise<void> {
    for (;;) {
      this.#file ??= await this.#begin();
      const { handle, path, inode } = this.#file;
      await handle.appendFile(text);
      await handle.datasync();
      this.#file.bytes += bytes;
      const there = await stat(path).catch(() => undefined);
      const isThere = there?.ino === inode;
      if (!isThere || this.#file.bytes >= segmentBytes) await this.#leave();
      if (isThere) return;
    }
  }

  async #begin(): Promise<OpenFile> {
    const time = this.#options.now().toISOString().replaceAll(/[:.]/g, '-');
    const path = join(this.#places.queue, `${time}-${randomBytes(4).toString('hex')}.jsonl`);
    const handle = await open(path, 'ax', 0o600);
    return { path, handle, inode: (await handle.stat()).ino, bytes: 0 };
  }

  async #leave(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.handle.close().catch(() => undefined);
  }

  /** The newest predictions are the ones that drift and labels are about, so the oldest go. */
  async #makeRoom(bytes: number): Promise<void> {
    const files = await queuedFiles(this.#options.folder);
    let total = files.reduce((sum, file) => sum + file.bytes, bytes);
    for (const file of files) {
      if (total <= this.#options.limitBytes) return;
      const text = await readFile(file.path, 'utf8').catch(() => '');
      await rm(file.path, { force: true });
      if (file.path === this.#file?.path) await this.#leave();
      total -= file.bytes;
      this.#countDropped(text.split('\n').length - 1);
    }
  }

  async #noteDropped(): Promise<void> {
    if (this.#dropped === 0) return;
    const note = { at: this.#options.now().toISOString(), records: this.#dropped };
    await appendFile(this.#places.dropped, `${JSON.stringify(note)}\n`, { mode: 0o600 });
    this.#dropped = 0;
  }
}
