/** Wire types of protobuf: https://protobuf.dev/programming-guides/encoding/ */
const VARINT = 0;
const FIXED64 = 1;
const LENGTH_DELIMITED = 2;
const FIXED32 = 5;

const TAG_TYPE_BITS = 3;
const TAG_TYPE_MASK = 7;
const MORE = 0x80;
const PAYLOAD = 0x7f;
const VARINT_BITS = 7;
const VARINT_MAX_BYTES = 10;
const U32_SPAN = 0x1_0000_0000;
/** Texts that come again and again are told apart by their length; a stream has a dozen of them. */
const KEPT_TEXTS = 64;

interface KeptText {
  readonly bytes: Uint8Array;
  readonly text: string;
}

/** Texts that a stream repeats, so that each is made once. */
export class KeptTexts {
  readonly #texts = new Map<number, KeptText>();

  /** The text of these bytes, which must be UTF-8. */
  read(bytes: Buffer, start: number, end: number): string {
    const length = end - start;
    const kept = this.#texts.get(length);
    if (kept !== undefined && bytes.compare(kept.bytes, 0, length, start, end) === 0) return kept.text;
    const text = bytes.toString('utf8', start, end);
    if (kept !== undefined || this.#texts.size < KEPT_TEXTS) {
      this.#texts.set(length, { bytes: Uint8Array.from(bytes.subarray(start, end)), text });
    }
    return text;
  }
}

/**
 * Reads one protobuf message field by field: `next()`, then one of the value methods or `skip()`. Every method
 * throws RangeError for bytes that are no message, and for a field of another type than is read.
 */
export class ProtoReader {
  /** Number of the present field. */
  field = 0;
  readonly #bytes: Buffer;
  readonly #end: number;
  #at: number;
  #type = 0;

  constructor(bytes: Uint8Array, start = 0, end = bytes.length) {
    this.#bytes = Buffer.isBuffer(bytes)
      ? bytes
      : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#at = start;
    this.#end = end;
  }

  /** Goes to the next field. @returns false at the end of the message */
  next(): boolean {
    if (this.#at === this.#end) return false;
    const tag = this.#smallVarint();
    this.field = tag >>> TAG_TYPE_BITS;
    this.#type = tag & TAG_TYPE_MASK;
    return true;
  }

  u32(): number {
    this.#want(VARINT);
    const value = this.#varint();
    if (value < U32_SPAN) return value;
    throw new RangeError(`field ${this.field} is ${value}, more than a u32`);
  }

  u64(): bigint {
    this.#want(VARINT);
    const start = this.#at;
    const value = this.#varint();
    if (Number.isSafeInteger(value)) return BigInt(value);
    return this.#wideVarint(start);
  }

  /** A view, not a copy. */
  bytes(): Uint8Array {
    const start = this.#takeDelimited();
    return this.#bytes.subarray(start, this.#at);
  }

  text(): string {
    const start = this.#takeDelimited();
    return this.#bytes.toString('utf8', start, this.#at);
  }

  /** One of a few texts that come again and again. */
  repeatedText(kept: KeptTexts): string {
    const start = this.#takeDelimited();
    return kept.read(this.#bytes, start, this.#at);
  }

  /** The reader of a message within this one. */
  message(): ProtoReader {
    const start = this.#takeDelimited();
    return new ProtoReader(this.#bytes, start, this.#at);
  }

  skip(): void {
    if (this.#type === VARINT) this.#varint();
    else if (this.#type === LENGTH_DELIMITED) this.#takeDelimited();
    else if (this.#type === FIXED64) this.#take(8);
    else if (this.#type === FIXED32) this.#take(4);
    else throw new RangeError(`field ${this.field} has the unknown wire type ${this.#type}`);
  }

  #want(type: number): void {
    if (this.#type !== type) {
      throw new RangeError(`field ${this.field} has wire type ${this.#type}, wanted ${type}`);
    }
  }

  #takeDelimited(): number {
    this.#want(LENGTH_DELIMITED);
    return this.#take(this.#varint());
  }

  /** Goes on by so many bytes. @returns where they start */
  #take(count: number): number {
    const start = this.#at;
    if (count > this.#end - start) throw new RangeError(`a message ends within field ${this.field}`);
    this.#at = start + count;
    return start;
  }

  #smallVarint(): number {
    const value = this.#varint();
    if (value < U32_SPAN) return value;
    throw new RangeError(`a tag is ${value}, more than a u32`);
  }

  /** Exact where it is a safe integer. */
  #varint(): number {
    let value = 0;
    let scale = 1;
    for (let count = 0; count < VARINT_MAX_BYTES; count++) {
      const byte = this.#bytes[this.#take(1)] ?? 0;
      value += (byte & PAYLOAD) * scale;
      if (byte < MORE) return value;
      scale *= 2 ** VARINT_BITS;
    }
    throw new RangeError(`a number of field ${this.field} has more than ${VARINT_MAX_BYTES} bytes`);
  }

  #wideVarint(start: number): bigint {
    let value = 0n;
    for (let at = this.#at - 1; at >= start; at--) {
      value = (value << BigInt(VARINT_BITS)) | BigInt((this.#bytes[at] ?? 0) & PAYLOAD);
    }
    return BigInt.asUintN(64, value);
  }
}
