import type { Completion, TokenFrame } from './completion.js';
import type { ErrorData } from './errors.js';

/** The end of a token stream. */
export type StreamEnd =
  | { readonly ok: true; readonly completion: Completion }
  | { readonly ok: false; readonly error: ErrorData };

/** Who reads a token stream. All are called synchronously and must not throw or block. */
export interface StreamListener {
  /** Frames in order, the first one from the index asked for. */
  onFrame(frame: TokenFrame): void;
  /** The answer is made anew from its first token: what came before no longer counts, frames start at 0. */
  onRestart(): void;
  /** Once, after the last frame. */
  onEnd(end: StreamEnd): void;
}

/** Which stream: a ticket's or a request's. */
export interface StreamTarget {
  readonly kind: 'ticket' | 'request';
  readonly id: string;
}
