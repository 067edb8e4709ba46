import { type LlamaModel, readGgufFileInfo, type Token } from 'node-llama-cpp';

const REPLACEMENT = '\uFFFD';
/** GGUF token types (llama.cpp's `llama_token_type`) whose vocabulary string is not in the tokenizer's alphabet. */
const TYPE_USER_DEFINED = 4;
const TYPE_BYTE = 6;

/** What a token stands for: its bytes, and its text where those are whole characters. */
export interface TokenPiece {
  readonly bytes: Uint8Array;
  readonly text: string | undefined;
}

/**
 * The exact bytes that each token stands for. The engine's own detokenizer answers in strings, where half
 * a character is already lost; for those tokens the bytes come from the vocabulary in the GGUF file.
 */
export class TokenText {
  readonly #model: LlamaModel;
  readonly #file: string;
  readonly #cache = new Map<Token, TokenPiece>();
  readonly #encoder = new TextEncoder();
  /** Put before a token when it is detokenized alone, since tokenizers drop a leading space of a text. */
  readonly #anchor: readonly Token[];
  readonly #anchorText: string;
  #vocabulary: Promise<Vocabulary> | undefined;

  constructor(model: LlamaModel, file: string) {
    this.#model = model;
    this.#file = file;
    this.#anchor = model.tokenize('a', false).slice(-1);
    this.#anchorText = model.detokenize(this.#anchor);
  }

  /** The token's piece; a promise only for one that holds part of a character, the first time. */
  piece(token: Token): TokenPiece | Promise<TokenPiece> {
    const known = this.#cache.get(token);
    if (known !== undefined) return known;
    const joined = this.#model.detokenize([...this.#anchor, token]);
    const text = joined.slice(this.#anchorText.length);
    if (joined.startsWith(this.#anchorText) && !text.includes(REPLACEMENT)) {
      return this.#keep(token, { bytes: this.#encoder.encode(text), text });
    }
    return this.#fromVocabulary(token, text);
  }

  async #fromVocabulary(token: Token, text: string): Promise<TokenPiece> {
    this.#vocabulary ??= readVocabulary(this.#file);
    const bytes = vocabularyBytes(await this.#vocabulary, token);
    return this.#keep(
      token,
      bytes === undefined ? { bytes: this.#encoder.encode(text), text } : { bytes, text: undefined },
    );
  }

  #keep(token: Token, piece: TokenPiece): TokenPiece {
    this.#cache.set(token, piece);
    return piece;
  }
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

interface Vocabulary {
  readonly strings: readonly string[];
  readonly types: readonly number[];
  readonly byteLevel: boolean;
}

async function readVocabulary(file: string): Promise<Vocabulary> {
  const info = await readGgufFileInfo(file, { readTensorInfo: false, logWarnings: false });
  const ggml = info.metadata.tokenizer?.ggml;
  return {
    strings: ggml?.tokens ?? [],
    types: ggml?.token_type ?? [],
    byteLevel: ggml?.model === 'gpt2',
  };
}

/** Bytes of a token from its vocabulary string; undefined where the string does not tell. */
function vocabularyBytes(vocabulary: Vocabulary, token: Token): Uint8Array | undefined {
  const text = vocabulary.strings[token];
  if (text === undefined) return undefined;
  const type = vocabulary.types[token];
  const hex = /^<0x([0-9A-Fa-f]{2})>$/.exec(text)?.[1];
  if (hex !== undefined && (type === TYPE_BYTE || !vocabulary.byteLevel))
    return Uint8Array.of(Number.parseInt(hex, 16));
  if (!vocabulary.byteLevel || type === TYPE_USER_DEFINED) return undefined;
  const bytes: number[] = [];
  for (const character of text) {
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
