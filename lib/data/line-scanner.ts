import { isUtf8 } from 'node:buffer';
import type { Unreadable } from './csv-scanner.ts';

const lineFeed = 0x0a;

/** Cuts UTF-8 bytes into lines and counts them; a byte order mark and CR before LF are taken off, blank lines passed over. */
export class LineScanner {
  failure: Unreadable | null = null;
  readonly #take: (text: string, line: number) => string | null;
  readonly #maxLineBytes: number;
  #carry: Buffer = Buffer.alloc(0);
  #line = 1;

  /** @param take Gets each line; a text it answers with refuses the file. */
  constructor(take: (text: string, line: number) => string | null, maxLineBytes: number) {
    this.#take = take;
    this.#maxLineBytes = maxLineBytes;
  }

  push(chunk: Buffer): void {
    if (this.failure) return;
    const scanned = this.#carry.length;
    const bytes = scanned === 0 ? chunk : Buffer.concat([this.#carry, chunk]);
    let start = 0;
    for (let end = bytes.indexOf(lineFeed, scanned); end !== -1; end = bytes.indexOf(lineFeed, start)) {
      this.#endLine(bytes.subarray(start, end));
      if (this.failure) return;
      start = end + 1;
      this.#line++;
    }
    this.#carry = bytes.subarray(start);
    if (this.#carry.length > this.#maxLineBytes) this.#failTooLong();
  }

  end(): void {
    if (!this.failure) this.#endLine(this.#carry);
  }

  #endLine(bytes: Buffer): void {
    if (bytes.length > this.#maxLineBytes) this.#failTooLong();
    else if (isUtf8(bytes)) {
      const text = bytes.toString('utf8');
      const bare = (this.#line === 1 && text.startsWith('\ufeff') ? text.slice(1) : text).trim();
      const refusal = bare === '' ? null : this.#take(bare, this.#line);
      if (refusal !== null) this.failure = { line: this.#line, message: refusal };
    } else {
      this.failure = { line: this.#line, message: 'the text is not UTF-8; save the file as UTF-8' };
    }
  }

  #failTooLong(): void {
    this.failure = { line: this.#line, message: `the line is longer than ${this.#maxLineBytes} bytes` };
  }
}
