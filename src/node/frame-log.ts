import { blake2b } from '@noble/hashes/blake2.js';
import { EMPTY_TEXT_HASH, type HashedFrame, type TokenFrame } from '../core/index.js';

const HASH_BYTES = 32;
const encoder = new TextEncoder();

/**
 * What was written of one stream. Each frame is hashed once, whoever reads it, and only when it is read: most
 * streams have no reader, and the way of a token is short.
 */
export class FrameLog {
  #hashed: HashedFrame[] = [];
  #unread: TokenFrame[] = [];
  #state = blake2b.create({ dkLen: HASH_BYTES });
  #hash = EMPTY_TEXT_HASH;

  write(frame: TokenFrame): void {
    this.#unread.push(frame);
  }

  /** All frames in order: the same objects each time. */
  read(): readonly HashedFrame[] {
    for (const frame of this.#unread) this.#hashed.push(this.#withHash(frame));
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

  #withHash(frame: TokenFrame): HashedFrame {
    const { text } = frame;
    // Tokens that complete no character leave the hash as it is.
    if (text !== '') {
      this.#state.update(encoder.encode(text));
      this.#hash = Buffer.from(this.#state.clone().digest()).toString('hex');
    }
    return { ...frame, hash: this.#hash };
  }
}
