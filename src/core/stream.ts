import type { Completion, TokenFrame } from './completion.js';
import type { ErrorData } from './errors.js';

/** A frame as readers get it. */
export interface HashedFrame extends TokenFrame {
  /**
   * blake2b-256 of the UTF-8 bytes of the answer's text, from index 0 to the end of this frame, 64 hexadecimal
   * digits. Those bytes are what the leaf of a ticket is made of: a reader can hold what it read against the chain.
   */
  readonly hash: string;
  /**
   * Only where a reader began inside a frame: the index of the first token that `text` belongs to, below `index`.
   * Which part of a frame's text each of its tokens completed is not kept, so the whole text comes.
   */
  readonly textIndex?: number;
  /**
   * The frame after it, once there is one: who keeps a frame that it could not deal with yet keeps with it all that
   * came since, and reads on at its own pace.
   */
  readonly next?: HashedFrame | undefined;
}

/** The hash of a stream that has no text yet: blake2b-256 of nothing (RFC 7693). */
export const EMPTY_TEXT_HASH = '0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8';

/** What the node commits to for a ticket whose tokens were streamed. */
export interface StreamCommitment {
  /** Hex, 64 digits. */
  readonly root: string;
  /** Hex, 64 digits: this node's own leaf. */
  readonly leaf: string;
  readonly leafIndex: bigint;
  readonly chunksCount: bigint;
}

/** The end of a token stream. */
export type StreamEnd =
  | {
      readonly ok: true;
      readonly completion: Completion;
      /** undefined for a request, which nobody commits to. */
      readonly commitment?: StreamCommitment;
    }
  | { readonly ok: false; readonly error: ErrorData };

/** Who reads a token stream. All are called synchronously and must not throw or block. */
export interface StreamListener {
  /** Frames in order; the first begins at the index asked for. */
  onFrame(frame: HashedFrame): void;
  /** The answer is made anew from its first token: what came before no longer counts, frames start at 0. */
  onRestart(): void;
  /**
   * Once, after the last frame.
   * @param hash of all frames from index 0, as {@link HashedFrame.hash}
   */
  onEnd(end: StreamEnd, hash: string): void;
}

/** Which stream: a ticket's or a request's. */
export interface StreamTarget {
  readonly kind: 'ticket' | 'request';
  readonly id: string;
}
