/** A field of a struct: whole numbers and structs by their ids; whatever else stands there is passed over. */
export type ThriftStruct = Map<number, number | ThriftStruct>;

/** Says that more bytes are needed, or that these are no struct. */
export class ThriftEnd extends Error {}

const [stop, isTrue, isFalse, byte, short, int, long, double, binary, list, set, map, struct] = [
  0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12,
];
const deepest = 16;

/**
 * Reads one struct of Thrift's compact protocol.
 *
 * Source: Apache Thrift, "Thrift Compact protocol encoding".
 *
 * @returns The struct, and how many bytes it takes.
 * @throws ThriftEnd when the bytes end before it does, or are none.
 */
export function readStruct(bytes: Uint8Array): { fields: ThriftStruct; length: number } {
  const reader = new Reader(bytes);
  const fields = reader.struct(0);
  return { fields, length: reader.at };
}

class Reader {
  at = 0;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  struct(depth: number): ThriftStruct {
    const fields: ThriftStruct = new Map();
    if (depth > deepest) throw new ThriftEnd('structs in structs without end');
    for (let id = 0; ; ) {
      const head = this.#byte();
      if (head === stop) return fields;
      const delta = head >> 4;
      id = delta === 0 ? this.#number() : id + delta;
      const value = this.#value(head & 15, depth);
      if (value !== undefined) fields.set(id, value);
    }
  }

  #value(type: number, depth: number): number | ThriftStruct | undefined {
    if (type === isTrue || type === isFalse) return undefined;
    if (type === struct) return this.struct(depth + 1);
    if (type === short || type === int || type === long) return this.#number();
    if (type === byte) this.#skip(1);
    else if (type === double) this.#skip(8);
    else if (type === binary) this.#skip(this.#length());
    else if (type === list || type === set) this.#skipList(depth);
    else if (type === map) this.#skipMap(depth);
    else throw new ThriftEnd(`no type ${type}`);
    return undefined;
  }

  #skipList(depth: number): void {
    const head = this.#byte();
    const size = head >> 4 === 15 ? this.#length() : head >> 4;
    for (let i = 0; i < size; i++) this.#skipElement(head & 15, depth);
  }

  #skipMap(depth: number): void {
    const size = this.#length();
    if (size === 0) return;
    const types = this.#byte();
    for (let i = 0; i < size; i++) {
      this.#skipElement(types >> 4, depth);
      this.#skipElement(types & 15, depth);
    }
  }

  /** Elements of a list have a byte even where a field's truth is in its head. */
  #skipElement(type: number, depth: number): void {
    if (type === isTrue || type === isFalse) this.#skip(1);
    else this.#value(type, depth + 1);
  }

  #skip(length: number): void {
    this.at += length;
    if (this.at > this.#bytes.length) throw new ThriftEnd('the bytes end before the struct does');
  }

  #byte(): number {
    const found = this.#bytes[this.at++];
    if (found === undefined) throw new ThriftEnd('the bytes end before the struct does');
    return found;
  }

  #length(): number {
    let value = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      const found = this.#byte();
      value += (found & 127) * 2 ** shift;
      if (found < 128) return value;
    }
    throw new ThriftEnd('a number without end');
  }

  /** Zigzag: the sign is the last bit. */
  #number(): number {
    const value = this.#length();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }
}
