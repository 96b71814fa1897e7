import { isUtf8 } from 'node:buffer';

/** Why a file cannot be read as a table at all, and where. */
export interface Unreadable {
  line: number;
  message: string;
}

export interface CsvSink {
  /** Takes the names of the header; a text says why the file cannot be used. */
  header(names: string[]): string | null;
  /** A record with as many cells as the header, byte for byte as it stood, without its line end. */
  record(bytes: Buffer, line: number, isQuoted: boolean): void;
  /** A record that cannot be cut into the header's cells; the file goes on after it. */
  broken(line: number, message: string): void;
}

const [zero, lineFeed, carriageReturn, quote, comma] = [0x00, 0x0a, 0x0d, 0x22, 0x2c];
const [cellStart, unquoted, quoted, quoteSeen, carriageSeen] = [0, 1, 2, 3, 4];

/**
 * Cuts CSV bytes (RFC 4180) into records and knows the line each begins on.
 *
 * It is stricter than common readers: they guess, and so lose rows in silence. Blank lines hold no cell and are passed
 * over. Where quoting leaves a doubt about where records end, the whole file is refused.
 */
export class CsvScanner {
  failure: Unreadable | null = null;
  readonly #sink: CsvSink;
  readonly #maxLineBytes: number;
  #carry: Buffer = Buffer.alloc(0);
  #isFirstChunk = true;
  #width = 0;
  #line = 1;
  #recordLine = 1;
  #quoteLine = 1;
  #state = cellStart;
  #cells = 1;
  #isAscii = true;
  #isQuoted = false;
  #trouble: string | null = null;

  constructor(sink: CsvSink, maxLineBytes: number) {
    this.#sink = sink;
    this.#maxLineBytes = maxLineBytes;
  }

  push(chunk: Buffer): void {
    if (this.failure || chunk.length === 0) return;
    let scanned = this.#carry.length;
    let bytes = scanned === 0 ? chunk : Buffer.concat([this.#carry, chunk]);
    if (this.#isFirstChunk) {
      // Three bytes decide about a byte order mark.
      if (bytes.length < 3) {
        this.#carry = bytes;
        return;
      }
      bytes = this.#withoutMark(bytes);
      scanned = 0;
      this.#isFirstChunk = false;
    }
    this.#scan(bytes, scanned);
  }

  end(): void {
    if (this.failure) return;
    if (this.#isFirstChunk) this.#scan(this.#carry, 0);
    if (this.failure) return;
    if (this.#state === quoted) {
      this.#fail(
        this.#quoteLine,
        'a quote is opened here and never closed; close it, or double quotes that belong to the text',
      );
      return;
    }
    this.#endRecord(this.#carry);
    if (!this.failure && this.#width === 0) this.#fail(0, 'the file is empty; a header line is needed');
  }

  #withoutMark(bytes: Buffer): Buffer {
    if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) return bytes.subarray(3);
    return bytes;
  }

  #scan(bytes: Buffer, from: number): void {
    let start = 0;
    let state = this.#state;
    for (let i = from; i < bytes.length; i++) {
      const byte = bytes[i] ?? zero;
      if (byte >= 0x80) this.#isAscii = false;
      else if (byte === zero) this.#trouble ??= 'holds a zero byte';
      if (state === carriageSeen && byte !== lineFeed) {
        this.#trouble ??= 'holds a carriage return outside quotes; end lines with LF or CRLF';
        state = unquoted;
      }
      if (state === quoted) {
        if (byte === quote) state = quoteSeen;
        else if (byte === lineFeed) this.#line++;
      } else if (byte === lineFeed) {
        this.#endRecord(bytes.subarray(start, i));
        if (this.failure) return;
        this.#line++;
        this.#recordLine = this.#line;
        start = i + 1;
        state = cellStart;
      } else if (byte === comma) {
        this.#cells++;
        state = cellStart;
      } else if (byte === carriageReturn) {
        state = carriageSeen;
      } else if (byte === quote) {
        if (state === quoteSeen) state = quoted;
        else if (state === cellStart) {
          state = quoted;
          this.#isQuoted = true;
          this.#quoteLine = this.#line;
        } else this.#trouble ??= 'has a quote inside a cell that does not begin with one';
      } else if (state === quoteSeen) {
        this.#fail(
          this.#quoteLine,
          'a quote opened here ends before other text; double quotes that belong to the text',
        );
        return;
      } else state = unquoted;
    }
    this.#state = state;
    this.#carry = bytes.subarray(start);
    if (this.#carry.length > this.#maxLineBytes) this.#failTooLong();
  }

  #endRecord(withEnd: Buffer): void {
    const bytes = withEnd.at(-1) === carriageReturn ? withEnd.subarray(0, -1) : withEnd;
    const [cells, trouble, isAscii, line] = [this.#cells, this.#trouble, this.#isAscii, this.#recordLine];
    const isQuoted = this.#isQuoted;
    this.#cells = 1;
    this.#trouble = null;
    this.#isAscii = true;
    this.#isQuoted = false;
    if (bytes.length === 0) return;
    if (bytes.length > this.#maxLineBytes) this.#failTooLong();
    else if (!(isAscii || isUtf8(bytes))) this.#failEncoding(line);
    else if (this.#width === 0) this.#takeHeader(bytes, cells, trouble);
    else if (trouble) this.#sink.broken(line, trouble);
    else if (cells !== this.#width) {
      this.#sink.broken(line, `has ${cellCount(cells)}; the header has ${this.#width}`);
    } else this.#sink.record(bytes, line, isQuoted);
  }

  #takeHeader(bytes: Buffer, cells: number, trouble: string | null): void {
    this.#width = cells;
    const refusal = trouble
      ? `the header ${trouble}`
      : this.#sink.header(splitRecord(bytes.toString('utf8')));
    if (refusal !== null) this.#fail(this.#recordLine, refusal);
  }

  #failTooLong(): void {
    if (this.#state === quoted) {
      this.#fail(
        this.#quoteLine,
        `a quote is opened here and not closed within ${this.#maxLineBytes} bytes; close it`,
      );
    } else this.#fail(this.#recordLine, `the line is longer than ${this.#maxLineBytes} bytes`);
  }

  #failEncoding(line: number): void {
    this.#fail(line, 'the text is not UTF-8; save the file as UTF-8');
  }

  #fail(line: number, message: string): void {
    this.failure = { line, message };
  }
}

function cellCount(cells: number): string {
  return cells === 1 ? '1 cell' : `${cells} cells`;
}

/** The cells of one record that the scanner found sound. */
export function splitRecord(text: string): string[] {
  const cells = text.match(/("(?:[^"]|"")*"|[^,]*)(?:,|$)/gsy) ?? [];
  // A record that does not end with a comma matches once more, empty, at its end.
  const whole = text.endsWith(',') ? cells : cells.slice(0, Math.max(1, cells.length - 1));
  return whole.map((cell) => {
    const bare = cell.endsWith(',') ? cell.slice(0, -1) : cell;
    return bare.startsWith('"') ? bare.slice(1, -1).replaceAll('""', '"') : bare;
  });
}
