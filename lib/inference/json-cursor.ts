const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

const quote = 0x22;
const minus = 0x2d;
const point = 0x2e;
const zero = 0x30;
const nine = 0x39;
const backslash = 0x5c;

/** Whole numbers of so many digits, and powers of ten up to this, are exact: so is their quotient, once rounded. */
const mostDigits = 15;
const powersOfTen = Float64Array.from({ length: 23 }, (_, exponent) => 10 ** exponent);

/** A place in the bytes of a JSON document. Each step says whether it could be made. */
export class JsonCursor {
  readonly #text: Uint8Array;
  /** The same bytes, for those who know how to make a string of some of them at once. */
  #buffer: Buffer | undefined;
  #at = 0;
  /** The number that was read last. */
  value = 0;

  constructor(text: Uint8Array) {
    this.#text = text;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#text.length;
  }

  /** The byte that stands here. */
  get byte(): number | undefined {
    return this.#text[this.#at];
  }

  /** A text without escapes that is short whatever its characters are. */
  readText(maxLength: number): string | undefined {
    const body = this.#text;
    if (body[this.#at] !== quote) return undefined;
    const start = this.#at + 1;
    let end = start;
    for (;;) {
      const byte = body[end] ?? 0;
      if (byte === quote) break;
      if (byte < 0x20 || byte === backslash || end - start >= maxLength) return undefined;
      end += 1;
    }
    this.#at = end + 1;
    try {
      return decoder.decode(body.subarray(start, end));
    } catch {
      return undefined;
    }
  }

  /** A JSON number, as JSON.parse reads it. */
  readNumber(): boolean {
    const body = this.#text;
    const start = this.#at;
    let at = start;
    let digits = 0;
    let whole = 0;
    const isNegative = body[at] === minus;
    if (isNegative) at += 1;
    const first = at;
    let byte = body[at] ?? 0;
    while (byte >= zero && byte <= nine) {
      whole = whole * 10 + (byte - zero);
      byte = body[++at] ?? 0;
    }
    digits = at - first;
    if (digits === 0 || (digits > 1 && body[first] === zero)) return false;
    let decimals = 0;
    if (byte === point) {
      const after = ++at;
      byte = body[at] ?? 0;
      while (byte >= zero && byte <= nine) {
        whole = whole * 10 + (byte - zero);
        byte = body[++at] ?? 0;
      }
      decimals = at - after;
      if (decimals === 0) return false;
    }
    this.#at = at;
    if (digits + decimals <= mostDigits && byte !== 0x65 && byte !== 0x45) {
      const value = decimals === 0 ? whole : whole / (powersOfTen[decimals] ?? 1);
      this.value = isNegative ? -value : value;
      return true;
    }
    return this.#readLongNumber(start);
  }

  /** One with an exponent, or of too many digits to be worked out here. */
  #readLongNumber(start: number): boolean {
    const body = this.#text;
    let at = this.#at;
    if (body[at] === 0x65 || body[at] === 0x45) {
      at += 1;
      if (body[at] === 0x2b || body[at] === minus) at += 1;
      const first = at;
      while ((body[at] ?? 0) >= zero && (body[at] ?? 0) <= nine) at += 1;
      if (at === first) return false;
    }
    this.#at = at;
    this.#buffer ??= Buffer.from(body.buffer, body.byteOffset, body.length);
    this.value = Number(this.#buffer.toString('latin1', start, at));
    return true;
  }

  skipBlanks(): void {
    const body = this.#text;
    let byte = body[this.#at];
    while (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09) byte = body[++this.#at];
  }

  /** Steps over one sign and the blanks before it, if it stands here. */
  takes(sign: number): boolean {
    if (this.#text[this.#at] !== sign) {
      this.skipBlanks();
      if (this.#text[this.#at] !== sign) return false;
    }
    this.#at += 1;
    return true;
  }

  /** Steps over a word, if it stands here. */
  takesBytes(word: Uint8Array): boolean {
    const body = this.#text;
    const at = this.#at;
    for (let place = 0; place < word.length; place++) if (body[at + place] !== word[place]) return false;
    this.#at = at + word.length;
    return true;
  }
}
