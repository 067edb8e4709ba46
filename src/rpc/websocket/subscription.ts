import { type Completion, EMPTY_TEXT_HASH, type HashedFrame } from '../../core/index.js';
import { toRpcError } from '../error-catalogue.js';
import { encodeFrame, type FrameEncoder, isLeftOver, mergeFrames } from './frame-encoder.js';
import {
  completionNotification,
  errorNotification,
  frameNotification,
  type Place,
  placeAfter,
  restartNotification,
  type StreamProof,
} from './notification.js';

/** JSON in one notification of a reader that catches up, characters: few enough that others get their turn. */
const MERGED_MAX_CHARS = 32 * 1024;

/** The socket that a subscription writes to. */
export interface SubscriptionHost {
  readonly encoder: FrameEncoder;
  /** Whether the client has read enough of what was sent to it to be sent more. */
  readonly isWritable: boolean;
  send(message: string): void;
  /** Calls {@link Subscription.catchUp} when the socket is writable again. */
  awaitDrain(subscription: Subscription): void;
  /** Called once, after the last notification, with the error that it told of, if any. */
  ended(subscription: Subscription, error: unknown): void;
}

/** How a stream ended that the client has not been told of yet. */
interface PendingEnd {
  readonly notification: (place: Place, text: string) => string;
  readonly error: unknown;
}

/**
 * One client's reading of one token stream, as `atoma_subscription` notifications. Their `result` has always
 * `index`, `text`, `tokens` and `hash`: blake2b-256 of the UTF-8 bytes of all text from index 0 on, also where the
 * client began to read later. With `restarted: true` (no tokens) the client throws away what it has of the stream,
 * and tokens and hash begin anew, from index 0; with `done: true` it is the last, with `completion` or `error`, and
 * for a ticket with what the node commits to. Text that is left over after the last token comes with `done`: so a
 * client that lost its connection and comes back with the number of its tokens has exactly the text before it.
 *
 * While the client does not read, nothing is queued for it: the subscription knows the first frame that it has not
 * sent, and when the socket drains it sends all from there on in few, large frames.
 */
export class Subscription {
  readonly id: string;
  /** Stops what feeds the subscription; called once where the client ends it or goes away. */
  onCancel: (() => void) | undefined;
  /** The request whose stream it is; `isOwn` where the request outlives the connection of this, its owner. */
  request: { readonly id: string; readonly isOwn: boolean } | undefined;
  readonly #host: SubscriptionHost;
  /** What comes is sent at once; otherwise it waits, for the answer that tells of the id or for the socket. */
  #isLive = false;
  #isDetached = false;
  #hasEnded = false;
  #isRestarted = false;
  #next: HashedFrame | undefined;
  #end: PendingEnd | undefined;
  #nextIndex: number;
  #hash: string | undefined;

  constructor(options: { readonly id: string; readonly fromIndex: number }, host: SubscriptionHost) {
    this.id = options.id;
    this.#nextIndex = options.fromIndex;
    this.#hash = options.fromIndex === 0 ? EMPTY_TEXT_HASH : undefined;
    this.#host = host;
  }

  /** Sends a frame, now or when the client can take it; frames of one stream are linked by `next`. */
  push(frame: HashedFrame): void {
    if (this.#hasEnded || this.#isDetached) return;
    if (this.#next !== undefined && this.#isLive) this.catchUp();
    else if (this.#next !== undefined || !this.#isLive || frame.tokens.length === 0) this.#next ??= frame;
    else if (this.#mayWrite()) this.#send(frame, this.#host.encoder.encode(frame));
    else this.#next = frame;
  }

  /** Tells that the answer begins again: what was sent no longer counts, frames come from index 0. */
  restart(): void {
    if (this.#hasEnded || this.#isDetached) return;
    this.#next = undefined;
    this.#isRestarted = true;
    if (this.#isLive && this.#mayWrite()) this.#sendRestart();
  }

  /** Sends the last notification of a stream that went well; `wire` is its `completion`. */
  complete(completion: Completion, wire: Readonly<Record<string, unknown>>, proof: StreamProof = {}): void {
    const { commitment } = proof;
    this.#finish({
      notification: ({ hash }, text) => {
        const place = placeAfter(completion, proof.hash ?? hash);
        return completionNotification(this.id, place, text, { wire, commitment });
      },
      error: undefined,
    });
  }

  /** Sends the last notification of a stream that failed. */
  fail(error: unknown): void {
    const notification = (place: Place, text: string): string =>
      errorNotification(this.id, place, text, toRpcError(error));
    this.#finish({ notification, error });
  }

  /** Tells at once that it ends with an error, whatever else was to be sent, and stops what feeds it. */
  abort(error: unknown): void {
    if (this.#hasEnded) return;
    this.#isRestarted = false;
    this.#next = undefined;
    this.#isLive = true;
    this.#end = { notification: (place) => errorNotification(this.id, place, '', toRpcError(error)), error };
    this.#sendEnd(this.#end);
    this.onCancel?.();
  }

  /** Ends silently, and stops what feeds the subscription. */
  cancel(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#next = undefined;
    this.#end = undefined;
    this.onCancel?.();
  }

  /** Sends nothing any more, but what feeds it goes on; the host is told of the end. */
  detach(): void {
    this.#isDetached = true;
    this.#isLive = false;
    this.#next = undefined;
  }

  /** Sends what was held back until the client knew the id. */
  release(): void {
    this.#sendPending((frame) => ({ frame, next: frame.next }));
  }

  /** Sends what waited for the socket. */
  catchUp(): void {
    this.#sendPending((frame) => mergeFrames(frame, MERGED_MAX_CHARS));
  }

  #sendPending(take: (first: HashedFrame) => ReturnType<typeof mergeFrames>): void {
    if (this.#hasEnded || this.#isDetached) return;
    this.#isLive = true;
    if (this.#isRestarted && this.#mayWrite()) this.#sendRestart();
    while (this.#next !== undefined && !isLeftOver(this.#next) && this.#mayWrite()) {
      const { frame, next } = take(this.#next);
      this.#next = next;
      this.#send(frame, encodeFrame(frame));
    }
    if (this.#end !== undefined && this.#mayWrite()) this.#sendEnd(this.#end);
  }

  /** Where it may not, the subscription waits for the socket to drain. */
  #mayWrite(): boolean {
    if (this.#isLive && !this.#host.isWritable) {
      this.#isLive = false;
      this.#host.awaitDrain(this);
    }
    return this.#isLive;
  }

  #send({ index, tokens, hash }: HashedFrame, json: string): void {
    this.#nextIndex = index + tokens.length;
    this.#hash = hash;
    this.#host.send(frameNotification(this.id, json));
  }

  #sendRestart(): void {
    this.#isRestarted = false;
    this.#nextIndex = 0;
    this.#hash = EMPTY_TEXT_HASH;
    this.#host.send(restartNotification(this.id, { index: 0, hash: EMPTY_TEXT_HASH }));
  }

  #finish(end: PendingEnd): void {
    if (this.#hasEnded) return;
    this.#end = end;
    if (this.#isDetached) this.#sendEnd(end);
    else if (this.#isLive && this.#mayWrite()) this.#sendEnd(end);
  }

  #sendEnd({ notification, error }: PendingEnd): void {
    const rest = this.#next;
    const place = { index: this.#nextIndex, hash: rest?.hash ?? this.#hash };
    this.#hasEnded = true;
    this.#next = undefined;
    this.#end = undefined;
    if (!this.#isDetached) this.#host.send(notification(place, rest?.text ?? ''));
    this.#host.ended(this, error);
  }
}
