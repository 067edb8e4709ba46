import {
  type Completion,
  EMPTY_TEXT_HASH,
  type HashedFrame,
  type StreamCommitment,
} from '../../core/index.js';
import { toRpcError } from '../error-catalogue.js';
import { encodeFrame, type FrameEncoder } from './frame-encoder.js';

/** What ties a stream to the chain. */
interface StreamProof {
  /** Of the whole text; where it is left out, that of the frames that were sent. */
  readonly hash?: string;
  readonly commitment?: StreamCommitment | undefined;
}

/**
 * One client's reading of one token stream, as `atoma_subscription` notifications. Their `result` has always
 * `index`, `text`, `tokens` and `hash`: blake2b-256 of the UTF-8 bytes of all text from index 0 on, also where the
 * client began to read later. With `restarted: true` (no tokens) the client throws away what it has of the stream,
 * and tokens and hash begin anew, from index 0; with `done: true` it is the last, with `completion` or `error`, and
 * for a ticket with what the node commits to.
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
  /** Of what the client has; undefined where it began in the middle and has got nothing yet. */
  #hash: string | undefined;
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
    this.#hash = options.fromIndex === 0 ? EMPTY_TEXT_HASH : undefined;
    const id = JSON.stringify(options.id);
    this.#prefix = `{"jsonrpc":"2.0","method":"atoma_subscription","params":{"subscription":${id},"result":`;
    this.#encoder = modules.encoder;
    this.#send = modules.send;
    this.#onEnded = modules.onEnded;
  }

  /** Sends a frame. */
  push(frame: HashedFrame): void {
    if (this.#ended) return;
    this.#nextIndex = frame.index + frame.tokens.length;
    this.#hash = frame.hash;
    this.#emit(`${this.#prefix}${this.#encoder.encode(frame)}}}}`);
  }

  /** Tells that the answer begins again: what was sent no longer counts, frames come from index 0. */
  restart(): void {
    if (this.#ended) return;
    this.#nextIndex = 0;
    this.#hash = EMPTY_TEXT_HASH;
    this.#emit(`${this.#prefix}${this.#empty(0)},"restarted":true}}}`);
  }

  /** Sends the last notification of a stream that went well; `wire` is its `completion`. */
  complete(completion: Completion, wire: Readonly<Record<string, unknown>>, proof: StreamProof = {}): void {
    this.#hash = proof.hash ?? this.#hash;
    const frame = `${this.#empty(completion.tokens.length)},"done":true`;
    const commitment = proof.commitment === undefined ? '' : commitmentJson(proof.commitment);
    this.#finish(`${frame}${commitment},"completion":${JSON.stringify(wire)}}}}`, undefined);
  }

  /** Sends the last notification of a stream that failed. */
  fail(error: unknown): void {
    const frame = `${this.#empty(this.#nextIndex)},"done":true`;
    this.#finish(`${frame},"error":${JSON.stringify(toRpcError(error))}}}}`, error);
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

  /** A frame without text. */
  #empty(index: number): string {
    return encodeFrame({ index, text: '', tokens: [], hash: this.#hash });
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

function commitmentJson({ root, leaf, leafIndex, chunksCount }: StreamCommitment): string {
  return `,"root":"${root}","leaf":"${leaf}","leaf_index":"${leafIndex}","chunks_count":"${chunksCount}"`;
}
