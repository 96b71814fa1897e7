/** One field of a protobuf message. Varints are signed and as exact as a double; fixed widths are passed over. */
export type Field =
  | { number: number; kind: 'varint'; value: number }
  | { number: number; kind: 'fixed' }
  | { number: number; kind: 'bytes'; value: Uint8Array };

/** The bytes are not a protobuf message; the message goes on after "it". */
export class NotProtobuf extends Error {
  override readonly name = 'NotProtobuf';
}

const longestVarint = 10;
/** Varints of so many bytes have at most 49 bits. */
const exactBytes = 7;
const none: readonly number[] = [];

/** Reads numbers one after the other; trees are written as millions of them. */
class Cursor {
  readonly bytes: Uint8Array;
  offset = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  /** One varint, as a two's complement number of 64 bits. */
  varint(): number {
    const first = this.bytes[this.offset];
    if (first !== undefined && first < 0x80) {
      this.offset++;
      return first;
    }
    let value = 0;
    let weight = 1;
    const start = this.offset;
    for (let position = 0; position < longestVarint; position++) {
      const byte = this.bytes[this.offset];
      if (byte === undefined) throw new NotProtobuf('ends within a number');
      this.offset++;
      value += (byte & 0x7f) * weight;
      weight *= 128;
      if (byte < 0x80) return position < exactBytes ? value : this.#wide(start);
    }
    throw new NotProtobuf('holds a number of more than ten bytes');
  }

  /** A number of more bits than a double adds up exactly, which negative ones always are. */
  #wide(start: number): number {
    const groups = this.bytes.subarray(start, this.offset);
    const bits = groups.reduceRight((sum, byte) => (sum << 7n) | BigInt(byte & 0x7f), 0n);
    return Number(BigInt.asIntN(64, bits));
  }

  /** Moves on and says where it was. */
  advance(bytes: number): number {
    const start = this.offset;
    if (bytes < 0 || bytes > this.bytes.length - start) throw new NotProtobuf('ends within a field');
    this.offset += bytes;
    return start;
  }
}

/** The numbers of a packed field. */
export function* packedNumbers(bytes: Uint8Array): Generator<number> {
  const cursor = new Cursor(bytes);
  while (cursor.offset < bytes.length) yield cursor.varint();
}

/**
 * Walks the fields of one message without copying them. Nested messages come as bytes.
 *
 * Groups, which no ONNX writer uses, are refused.
 *
 * @param passedOver Numbers of fields that are read but not handed out.
 * @throws NotProtobuf
 *
 * Source: protobuf.dev, "Encoding".
 */
export function* fieldsOf(message: Uint8Array, passedOver: readonly number[] = none): Generator<Field> {
  const cursor = new Cursor(message);
  while (cursor.offset < message.length) {
    const tag = cursor.varint();
    const number = Math.floor(tag / 8);
    if (number < 1 || number > 536_870_911) throw new NotProtobuf('holds a field without a number');
    const isWanted = !passedOver.includes(number);
    switch (tag % 8) {
      case 0: {
        const value = cursor.varint();
        if (isWanted) yield { number, kind: 'varint', value };
        break;
      }
      case 2: {
        const start = cursor.advance(cursor.varint());
        if (isWanted) yield { number, kind: 'bytes', value: message.subarray(start, cursor.offset) };
        break;
      }
      case 1:
      case 5:
        cursor.advance(tag % 8 === 1 ? 8 : 4);
        if (isWanted) yield { number, kind: 'fixed' };
        break;
      default:
        throw new NotProtobuf('holds a group or an unknown wire type');
    }
  }
}
