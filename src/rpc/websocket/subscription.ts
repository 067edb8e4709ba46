import type { Completion, TokenFrame } from '../../core/index.js';
import { toRpcError } from '../error-catalogue.js';
import { encodeFrame, type FrameEncoder } from './frame-encoder.js';

/**
 * One client's reading of one token stream, as `atoma_subscription` notifications. Their `result` has always
 * `index`, `text` and `tokens`; with `restarted: true` (no tokens) the client throws away what it has of the
 * stream, and tokens come from index 0; with `done: true` it is the last, with `completion` or `error`.
 */
export class Subscription {
  readonly id: string;
  /** Stops what feeds the subscription; called once where the client ends it or goes away. */
  onCancel: (() => void) | undefined;
  readonly #prefix: string;
  readonly #encoder: FrameEncoder;
  readonly #send: (message: string) => void;
  readonly #onEnded: (error: unknown) => void;
  #held: string[] | undefined = [];
  #nextIndex: number;
  #ended = false;

  constructor(
    options: { readonly id: string; readonly fromIndex: number },
    modules: {
      readonly encoder: FrameEncoder;
      readonly send: (message: string) => void;
      /** Called once, after the last notification, with the error that it told of, if any. */
      readonly onEnded: (error: unknown) => void;
    },
  ) {
    this.id = options.id;
    this.#nextIndex = options.fromIndex;
    const id = JSON.stringify(options.id);
    this.#prefix = `{"jsonrpc":"2.0","method":"atoma_subscription","params":{"subscription":${id},"result":`;
    this.#encoder = modules.encoder;
    this.#send = modules.send;
    this.#onEnded = modules.onEnded;
  }

  /** Sends a frame. */
  push(frame: TokenFrame): void {
    if (this.#ended) return;
    this.#nextIndex = frame.index + frame.tokens.length;
    this.#emit(`${this.#prefix}${this.#encoder.encode(frame)}}}}`);
  }

  /** Tells that the answer begins again: what was sent no longer counts, frames come from index 0. */
  restart(): void {
    if (this.#ended) return;
    this.#nextIndex = 0;
    this.#emit(`${this.#prefix}${encodeFrame(0, '', [])},"restarted":true}}}`);
  }

  /** Sends the last notification of a stream that went well; `wire` is its `completion`. */
  complete(completion: Completion, wire: Readonly<Record<string, unknown>>): void {
    const frame = encodeFrame(completion.tokens.length, '', []);
    this.#finish(`${frame},"done":true,"completion":${JSON.stringify(wire)}}}}`, undefined);
  }

  /** Sends the last notification of a stream that failed. */
  fail(error: unknown): void {
    const frame = encodeFrame(this.#nextIndex, '', []);
    this.#finish(`${frame},"done":true,"error":${JSON.stringify(toRpcError(error))}}}}`, error);
  }

  /** As {@link Subscription.fail}, and stops what feeds the subscription. */
  abort(error: unknown): void {
    if (this.#ended) return;
    this.fail(error);
    this.onCancel?.();
  }

  /** Ends silently, and stops what feeds the subscription. */
  cancel(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#held = undefined;
    this.onCancel?.();
  }

  /** Sends what was held back, and holds nothing back from now on. */
  release(): void {
    const held = this.#held;
    this.#held = undefined;
    for (const message of held ?? []) this.#send(message);
  }

  #finish(json: string, error: unknown): void {
    if (this.#ended) return;
    this.#emit(this.#prefix + json);
    this.#ended = true;
    this.#onEnded(error);
  }

  #emit(message: string): void {
    if (this.#held === undefined) this.#send(message);
    else this.#held.push(message);
  }
}
