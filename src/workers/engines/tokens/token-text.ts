/** What a token stands for: its bytes, and its text where those are whole characters. */
export interface TokenPiece {
  readonly bytes: Uint8Array;
  readonly text: string | undefined;
}

/** Joins the pieces of one stream into text, whole characters at a time. */
export class TextAssembler {
  readonly #decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  #pending = false;

  /** Text that this piece completed. */
  push(piece: TokenPiece): string {
    // Decoding is slow; whole characters with nothing before them need none.
    if (!this.#pending && piece.text !== undefined) return piece.text;
    // A piece of whole characters ends whatever was pending, well-formed or not.
    this.#pending = piece.text === undefined;
    return this.#decoder.decode(piece.bytes, { stream: true });
  }

  /** What bytes left over at the end stand for: replacement characters, or nothing. */
  end(): string {
    return this.#pending ? this.#decoder.decode() : '';
  }
}

const encoder = new TextEncoder();

/** A piece of whole characters. */
export function textPiece(text: string): TokenPiece {
  return { bytes: encoder.encode(text), text };
}

/** The byte that a vocabulary entry such as `<0x0A>` stands for; undefined where it is none of these. */
export function byteOf(entry: string): Uint8Array | undefined {
  const hex = /^<0x([0-9A-Fa-f]{2})>$/.exec(entry)?.[1];
  return hex === undefined ? undefined : Uint8Array.of(Number.parseInt(hex, 16));
}

/** Bytes of an entry of a byte-level vocabulary; undefined where it is not written in its alphabet. */
export function byteLevelBytes(entry: string): Uint8Array | undefined {
  const bytes: number[] = [];
  for (const character of entry) {
    const byte = BYTE_OF_CHARACTER.get(character);
    if (byte === undefined) return undefined;
    bytes.push(byte);
  }
  return Uint8Array.from(bytes);
}

/**
 * GPT-2's byte-to-character table, reversed: printable Latin-1 bytes stand for themselves, the other 68
 * take the characters from U+0100 on, in order (`bytes_to_unicode` of OpenAI's gpt-2 encoder).
 */
const BYTE_OF_CHARACTER: ReadonlyMap<string, number> = (() => {
  const table = new Map<string, number>();
  let next = 0x100;
  for (let byte = 0; byte < 256; byte++) {
    const printable = (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
    table.set(String.fromCodePoint(printable ? byte : next++), byte);
  }
  return table;
})();
