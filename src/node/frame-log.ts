import { blake2b } from '@noble/hashes/blake2.js';
import { EMPTY_TEXT_HASH, type HashedFrame, type TokenFrame, type TokenLogprob } from '../core/index.js';

const HASH_BYTES = 32;
const encoder = new TextEncoder();

/**
 * What was written of one stream. Each frame is hashed once, whoever reads it, and only when it is read: most
 * streams have no reader, and the way of a token is short.
 */
export class FrameLog {
  #hashed: LoggedFrame[] = [];
  #unread: TokenFrame[] = [];
  #state = blake2b.create({ dkLen: HASH_BYTES });
  #hash = EMPTY_TEXT_HASH;

  write(frame: TokenFrame): void {
    this.#unread.push(frame);
  }

  /** All frames in order: the same objects each time. */
  read(): readonly HashedFrame[] {
    for (const frame of this.#unread) {
      const logged = new LoggedFrame(frame, this.#hashWith(frame.text));
      this.#hashed.at(-1)?.follow(logged);
      this.#hashed.push(logged);
    }
    this.#unread.length = 0;
    return this.#hashed;
  }

  /** Of all frames, as {@link HashedFrame.hash}. */
  hash(): string {
    this.read();
    return this.#hash;
  }

  /** Begins anew, as if nothing had been written. */
  clear(): void {
    this.#hashed = [];
    this.#unread = [];
    this.#state = blake2b.create({ dkLen: HASH_BYTES });
    this.#hash = EMPTY_TEXT_HASH;
  }

  #hashWith(text: string): string {
    // Tokens that complete no character leave the hash as it is.
    if (text === '') return this.#hash;
    this.#state.update(encoder.encode(text));
    this.#hash = Buffer.from(this.#state.clone().digest()).toString('hex');
    return this.#hash;
  }
}

/**
 * What a reader of the tokens from `fromIndex` on gets of a frame: all of it, the part from there on, or nothing.
 * A last frame without tokens is part of all that is read.
 */
export function partFrom(frame: HashedFrame, fromIndex: number): HashedFrame | undefined {
  const { index, tokens } = frame;
  if (index >= fromIndex) return frame;
  return index + tokens.length > fromIndex ? new PartOfFrame(frame, fromIndex) : undefined;
}

class LoggedFrame implements HashedFrame {
  readonly index: number;
  readonly text: string;
  readonly tokens: readonly number[];
  readonly hash: string;
  declare readonly logprobs?: readonly TokenLogprob[];
  #next: LoggedFrame | undefined;

  constructor(frame: TokenFrame, hash: string) {
    this.index = frame.index;
    this.text = frame.text;
    this.tokens = frame.tokens;
    this.hash = hash;
    if (frame.logprobs !== undefined) this.logprobs = frame.logprobs;
  }

  get next(): HashedFrame | undefined {
    return this.#next;
  }

  follow(next: LoggedFrame): void {
    this.#next = next;
  }
}

class PartOfFrame implements HashedFrame {
  readonly index: number;
  readonly text: string;
  readonly textIndex: number;
  readonly tokens: readonly number[];
  readonly hash: string;
  declare readonly logprobs?: readonly TokenLogprob[];
  readonly #whole: HashedFrame;

  constructor(whole: HashedFrame, fromIndex: number) {
    const skipped = fromIndex - whole.index;
    this.index = fromIndex;
    this.text = whole.text;
    this.textIndex = whole.textIndex ?? whole.index;
    this.tokens = whole.tokens.slice(skipped);
    this.hash = whole.hash;
    if (whole.logprobs !== undefined) this.logprobs = whole.logprobs.slice(skipped);
    this.#whole = whole;
  }

  get next(): HashedFrame | undefined {
    return this.#whole.next;
  }
}
