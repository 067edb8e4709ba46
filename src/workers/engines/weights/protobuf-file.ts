import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

/** A file that is not what was to be read, or not whole; the message is the end of a sentence about it. */
export class ProtobufError extends Error {}

/** A field of a protobuf message: a number in `value`, or bytes from `start` to `end`. */
export interface Field {
  readonly number: number;
  readonly value: number;
  readonly start: number;
  readonly end: number;
}

const WIRE_VARINT = 0;
const WIRE_64_BITS = 1;
const WIRE_BYTES = 2;
const WIRE_32_BITS = 5;
/** A varint of 64 bits has at most so many bytes. */
const MAX_VARINT_BYTES = 10;
/** Read at once; structure is dense between weights, which are jumped over. */
const WINDOW_BYTES = 65_536;

/** Reads protobuf from a file of any size, a window at a time. */
export class ProtobufFile {
  readonly size: number;
  readonly #descriptor: number;
  readonly #buffer = Buffer.alloc(WINDOW_BYTES);
  #from = 0;
  #length = 0;

  constructor(path: string) {
    this.#descriptor = openSync(path, 'r');
    this.size = fstatSync(this.#descriptor).size;
  }

  close(): void {
    closeSync(this.#descriptor);
  }

  /** The fields of the message that lies between two offsets. */
  *fields(start: number, end: number): Generator<Field> {
    let at = start;
    while (at < end) {
      const tag = this.#varint(at, end);
      const field = this.#field(Math.floor(tag.value / 8), tag.value % 8, tag.end, end);
      yield field;
      at = field.end;
    }
  }

  /** The numbers of a repeated field: one, or several packed into bytes. */
  *varints(field: Field): Generator<number> {
    if (field.start === field.end) return yield field.value;
    for (let at = field.start; at < field.end; ) {
      const { value, end } = this.#varint(at, field.end);
      yield value;
      at = end;
    }
  }

  text(field: Field): string {
    const length = field.end - field.start;
    if (length > WINDOW_BYTES) throw new ProtobufError(`is damaged: a name of ${length} bytes`);
    const bytes = Buffer.alloc(length);
    readSync(this.#descriptor, bytes, 0, length, field.start);
    return bytes.toString('utf8');
  }

  #field(number: number, wire: number, at: number, end: number): Field {
    if (wire === WIRE_VARINT) {
      const read = this.#varint(at, end);
      return { number, value: read.value, start: read.end, end: read.end };
    }
    const length = wire === WIRE_BYTES ? this.#varint(at, end) : { value: fixedLength(wire), end: at };
    const stop = length.end + length.value;
    if (stop > this.size) {
      throw new ProtobufError(`is cut off: it has ${this.size} of at least ${stop} bytes`);
    }
    if (number === 0 || stop > end) throw new ProtobufError('is not protobuf');
    return { number, value: 0, start: length.end, end: stop };
  }

  #varint(at: number, limit: number): { readonly value: number; readonly end: number } {
    let value = 0;
    for (let length = 0; length < MAX_VARINT_BYTES; length++) {
      if (at + length >= limit) break;
      const byte = this.#byte(at + length);
      value += (byte & 0x7f) * 2 ** (7 * length);
      if (byte < 0x80) return { value, end: at + length + 1 };
    }
    throw new ProtobufError('is not protobuf');
  }

  #byte(at: number): number {
    if (at < this.#from || at >= this.#from + this.#length) {
      this.#from = at;
      this.#length = readSync(this.#descriptor, this.#buffer, 0, WINDOW_BYTES, at);
    }
    return this.#buffer[at - this.#from] ?? 0;
  }
}

function fixedLength(wire: number): number {
  if (wire === WIRE_64_BITS) return 8;
  if (wire === WIRE_32_BITS) return 4;
  throw new ProtobufError('is not protobuf');
}
