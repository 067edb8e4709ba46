import { type LlamaModel, readGgufFileInfo, type Token } from 'node-llama-cpp';
import { byteLevelBytes, byteOf, type TokenPiece, textPiece } from './token-text.js';

const REPLACEMENT = '\uFFFD';
/** GGUF token types (llama.cpp's `llama_token_type`) whose vocabulary string is not in the tokenizer's alphabet. */
const TYPE_USER_DEFINED = 4;
const TYPE_BYTE = 6;

/**
 * The exact bytes that each token stands for. The engine's own detokenizer answers in strings, where half
 * a character is already lost; for those tokens the bytes come from the vocabulary in the GGUF file.
 */
export class LlamaTokenText {
  readonly #model: LlamaModel;
  readonly #file: string;
  readonly #cache = new Map<Token, TokenPiece>();
  /** Put before a token when it is detokenized alone, since tokenizers drop a leading space of a text. */
  readonly #anchor: readonly Token[];
  readonly #anchorText: string;
  #vocabulary: Promise<Vocabulary> | undefined;

  /** @param file of the model, of a split one the first part, which holds the vocabulary */
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
      return this.#keep(token, textPiece(text));
    }
    return this.#fromVocabulary(token, text);
  }

  async #fromVocabulary(token: Token, text: string): Promise<TokenPiece> {
    this.#vocabulary ??= readVocabulary(this.#file);
    const bytes = vocabularyBytes(await this.#vocabulary, token);
    return this.#keep(token, bytes === undefined ? textPiece(text) : { bytes, text: undefined });
  }

  #keep(token: Token, piece: TokenPiece): TokenPiece {
    this.#cache.set(token, piece);
    return piece;
  }
}

interface Vocabulary {
  readonly strings: readonly string[];
  readonly types: readonly number[];
  readonly byteLevel: boolean;
}

async function readVocabulary(file: string): Promise<Vocabulary> {
  const info = await readGgufFileInfo(file, {
    sourceType: 'filesystem',
    readTensorInfo: false,
    logWarnings: false,
    spliceSplitFiles: false,
  });
  const ggml = info.metadata.tokenizer?.ggml;
  return {
    strings: ggml?.tokens ?? [],
    types: ggml?.token_type ?? [],
    byteLevel: ggml?.model === 'gpt2',
  };
}

/** Bytes of a token from its vocabulary string; undefined where the string does not tell. */
function vocabularyBytes(vocabulary: Vocabulary, token: Token): Uint8Array | undefined {
  const { strings, types, byteLevel } = vocabulary;
  const entry = strings[token];
  if (entry === undefined) return undefined;
  const byte = byteOf(entry);
  if (byte !== undefined && (types[token] === TYPE_BYTE || !byteLevel)) return byte;
  return byteLevel && types[token] !== TYPE_USER_DEFINED ? byteLevelBytes(entry) : undefined;
}
