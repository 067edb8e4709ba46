import { isUtf8 } from 'node:buffer';

/** A ULEB128 length of a u32 has at most so many bytes. */
const MAX_LENGTH_BYTES = 5;
const LENGTH_BITS = 7;
const U32_SPAN = 0x1_0000_0000;

/**
 * Reads BCS and accepts the canonical spelling of a value only (https://github.com/diem/bcs): shortest
 * lengths, booleans and option tags of 0 or 1, UTF-8 text. Every method throws RangeError for anything else.
 */
export class BcsReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.isBuffer(bytes)
      ? bytes
      : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Reads a whole value: bytes after it are an error too. */
  static whole<T>(bytes: Uint8Array, read: (reader: BcsReader) => T): T {
    const reader = new BcsReader(bytes);
    const value = read(reader);
    const rest = reader.#bytes.length - reader.#at;
    if (rest === 0) return value;
    throw new RangeError(`${rest} bytes follow the ${reader.#at} that its layout explains`);
  }

  bool(): boolean {
    const value = this.#bytes[this.#take(1)];
    if (value !== 0 && value !== 1) throw new RangeError(`a bool is ${value}, wanted 0 or 1`);
    return value === 1;
  }

  u32(): number {
    return this.#bytes.readUInt32LE(this.#take(4));
  }

  u64(): bigint {
    return this.#bytes.readBigUInt64LE(this.#take(8));
  }

  /** `0x` and 64 digits. */
  address(): string {
    const start = this.#take(32);
    return `0x${this.#bytes.toString('hex', start, start + 32)}`;
  }

  text(): string {
    const start = this.#takeCounted();
    const bytes = this.#bytes.subarray(start, this.#at);
    if (!isUtf8(bytes)) throw new RangeError(`a text of ${bytes.length} bytes is no UTF-8`);
    return bytes.toString('utf8');
  }

  /** `vector<u8>`, as a copy. */
  bytes(): Uint8Array {
    const start = this.#takeCounted();
    return new Uint8Array(this.#bytes.subarray(start, this.#at));
  }

  /** @param itemBytes the least that an item takes: bounds what a length can claim */
  vector<T>(itemBytes: number, read: () => T): T[] {
    const count = this.#length();
    const rest = this.#bytes.length - this.#at;
    if (count * itemBytes > rest) throw new RangeError(`${count} items are announced, ${rest} bytes follow`);
    const items: T[] = [];
    for (let index = 0; index < count; index++) items.push(read());
    return items;
  }

  option<T>(read: () => T): T | undefined {
    return this.bool() ? read() : undefined;
  }

  #takeCounted(): number {
    return this.#take(this.#length());
  }

  /** A length, ULEB128. */
  #length(): number {
    let value = 0;
    for (let index = 0; index < MAX_LENGTH_BYTES; index++) {
      const byte = this.#bytes[this.#take(1)] ?? 0;
      value += (byte & 0x7f) * 2 ** (LENGTH_BITS * index);
      if (byte >= 0x80) continue;
      if ((byte === 0 && index > 0) || value >= U32_SPAN) break;
      return value;
    }
    throw new RangeError('a length is not in its shortest form, or more than a u32');
  }

  /** Goes on by so many bytes. @returns where they start */
  #take(count: number): number {
    const start = this.#at;
    if (start + count > this.#bytes.length) {
      throw new RangeError(`it ends after ${this.#bytes.length} bytes, in the middle of a value`);
    }
    this.#at = start + count;
    return start;
  }
}
