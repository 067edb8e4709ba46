import type { PromptVocabulary } from '../prompt-input.js';
import { isObject, type JsonObject } from '../weights/onnx-folder.js';
import { endTokens } from './end-tokens.js';
import { byteLevelBytes, byteOf, type TokenPiece, textPiece } from './token-text.js';

/** The part of transformers.js's tokenizers that is used here. */
export interface LibraryTokenizer {
  readonly bos_token_id: number | undefined;
  readonly eos_token_id: number | undefined;
  encode(text: string, options: { readonly add_special_tokens: boolean }): number[];
}

/** The files that describe an ONNX model's vocabulary. */
export interface VocabularyFiles {
  /** `tokenizer.json`. */
  readonly tokenizer: JsonObject;
  /** `config.json`. */
  readonly config: JsonObject;
  /** `generation_config.json`; empty where there is none. */
  readonly generation: JsonObject;
}

/** An entry of `added_tokens` in a tokenizer.json. */
interface AddedToken {
  readonly id: number;
  readonly content: string;
  readonly special: boolean;
}

const EMPTY = textPiece('');

/** The vocabulary of an ONNX model: its library makes tokens of text, the way back is exact to the byte. */
export class OnnxTokenizer implements PromptVocabulary {
  readonly size: number;
  readonly bos: number | undefined;
  /** Tokens that end an answer. */
  readonly ends: ReadonlySet<number>;
  readonly #library: LibraryTokenizer;
  /** Vocabulary entries by token id, in the alphabet of the tokenizer. */
  readonly #entries: readonly (string | undefined)[];
  readonly #added: ReadonlyMap<number, AddedToken>;
  readonly #byteLevel: boolean;
  readonly #pieces = new Map<number, TokenPiece>();

  constructor(library: LibraryTokenizer, files: VocabularyFiles) {
    const model = isObject(files.tokenizer['model']) ? files.tokenizer['model'] : {};
    this.#library = library;
    this.#entries = entriesOf(model['vocab']);
    this.#added = new Map(addedTokens(files.tokenizer).map((token) => [token.id, token]));
    this.#byteLevel = mentions(files.tokenizer['decoder'], 'ByteLevel');
    this.size = vocabularySize(files.config) ?? Math.max(this.#entries.length, ...lastIds(this.#added));
    const bos = library.bos_token_id;
    // What it does is asked, not its configuration: the rule hides in one of three places.
    this.bos = library.encode('a', { add_special_tokens: true })[0] === bos ? bos : undefined;
    this.ends = endTokens({
      configured: [files.generation['eos_token_id'], files.config['eos_token_id'], library.eos_token_id],
      texts: this.#idsByText(),
    });
  }

  encode(text: string): readonly number[] {
    return this.#library.encode(text, { add_special_tokens: false });
  }

  /** What a token stands for; nothing for a control token, as in llama.cpp. */
  piece(token: number): TokenPiece {
    const known = this.#pieces.get(token);
    if (known !== undefined) return known;
    const piece = this.#read(token);
    this.#pieces.set(token, piece);
    return piece;
  }

  #read(token: number): TokenPiece {
    const added = this.#added.get(token);
    if (added !== undefined) return added.special ? EMPTY : textPiece(added.content);
    const entry = this.#entries[token];
    if (entry === undefined) return EMPTY;
    const bytes = this.#byteLevel ? byteLevelBytes(entry) : byteOf(entry);
    if (bytes !== undefined) return pieceOf(bytes);
    // SentencePiece writes a space as U+2581.
    return textPiece(this.#byteLevel ? entry : entry.replaceAll('\u2581', ' '));
  }

  #idsByText(): ReadonlyMap<string, number> {
    const ids = new Map<string, number>();
    for (const [id, entry] of this.#entries.entries()) if (entry !== undefined) ids.set(entry, id);
    for (const { id, content } of this.#added.values()) ids.set(content, id);
    return ids;
  }
}

function pieceOf(bytes: Uint8Array): TokenPiece {
  try {
    return { bytes, text: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes) };
  } catch {
    return { bytes, text: undefined };
  }
}

/** `vocab` is a table of ids (BPE, WordPiece), or a list of `[entry, score]` (Unigram). */
function entriesOf(vocab: unknown): readonly (string | undefined)[] {
  const entries: (string | undefined)[] = [];
  if (Array.isArray(vocab)) {
    for (const [id, pair] of vocab.entries()) entries[id] = Array.isArray(pair) ? String(pair[0]) : undefined;
  } else if (isObject(vocab)) {
    for (const [entry, id] of Object.entries(vocab)) if (typeof id === 'number') entries[id] = entry;
  }
  return entries;
}

function addedTokens(tokenizer: JsonObject): readonly AddedToken[] {
  const listed = tokenizer['added_tokens'];
  if (!Array.isArray(listed)) return [];
  return listed.filter(isObject).flatMap(({ id, content, special }) => {
    const known = typeof id === 'number' && typeof content === 'string';
    return known ? [{ id, content, special: special === true }] : [];
  });
}

/** Whether a decoder, or one of a sequence of them, is of this type. */
function mentions(decoder: unknown, type: string): boolean {
  if (!isObject(decoder)) return false;
  if (decoder['type'] === type) return true;
  const parts = decoder['decoders'];
  return Array.isArray(parts) && parts.some((part) => mentions(part, type));
}

/** How many tokens the model knows, which may be more than the tokenizer does. */
function vocabularySize(config: JsonObject): number | undefined {
  const text = isObject(config['text_config']) ? config['text_config'] : {};
  const size = config['vocab_size'] ?? text['vocab_size'];
  return typeof size === 'number' ? size : undefined;
}

function lastIds(added: ReadonlyMap<number, AddedToken>): readonly number[] {
  return [...added.keys()].map((id) => id + 1);
}
