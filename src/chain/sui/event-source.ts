import { GrpcTypes, type SuiGrpcClient } from '@mysten/sui/grpc';
import type { Endpoint } from './endpoint.js';
import { linkAbort } from './linked-abort.js';

/** One message of an event stream. */
export interface Frame {
  /** Undefined: nothing matched up to the cursor. */
  readonly event: GrpcTypes.Event | undefined;
  /** Everything up to here has been delivered. */
  readonly cursor: Uint8Array;
  /** The newest checkpoint that has been delivered wholly. */
  readonly checkpoint: bigint | undefined;
  /** Only on the last frame of a list. */
  readonly end: GrpcTypes.QueryEndReason | undefined;
}

export interface EventSourceOptions {
  readonly packageId: string;
  /** A stream silent for so long is dead, whatever its socket says. */
  readonly idleLimitMs: number;
}

/** What of an event the node reads; a mask is always sent, since endpoints differ in what they send without. */
const EVENT_MASK = { paths: ['event_type', 'contents', 'checkpoint', 'transaction_digest', 'event_index'] };
/** Small enough to be one bite for a full node, which lowers it silently to its own limit. */
const PAGE_SIZE = 200;

type RawFrame = GrpcTypes.SubscribeEventsResponse & { readonly end?: GrpcTypes.QueryEnd };

/** A stream that broke the protocol, or broke off without saying why. */
export class StreamFault extends Error {
  override readonly name = 'StreamFault';
}

/** The two event streams of a full node, for one package, as frames. */
export class EventSource {
  readonly #options: EventSourceOptions;
  readonly #endpoint: Endpoint;

  constructor(options: EventSourceOptions, modules: { readonly endpoint: Endpoint }) {
    this.#options = options;
    this.#endpoint = modules.endpoint;
  }

  /** Events from now on; the first frame holds the cursor where the stream begins. Ends by an error only. */
  subscribe(signal: AbortSignal): AsyncGenerator<Frame, void, void> {
    return this.#read(signal, ({ subscriptionService }, abort) => {
      const request = { readMask: EVENT_MASK, filter: this.#filter() };
      return subscriptionService.subscribeEvents(request, { abort }).responses;
    });
  }

  /** One page of the events strictly between two cursors, oldest first. */
  list(after: Uint8Array, before: Uint8Array, signal: AbortSignal): AsyncGenerator<Frame, void, void> {
    return this.#read(signal, ({ ledgerService }, abort) => {
      const options = { limit: PAGE_SIZE, after, before, ordering: GrpcTypes.Ordering.ASCENDING };
      const request = { readMask: EVENT_MASK, filter: this.#filter(), options };
      return ledgerService.listEvents(request, { abort }).responses;
    });
  }

  /** By the type's address, not by the called module: other packages may call into the contract. */
  #filter(): GrpcTypes.EventFilter {
    const eventType = { eventType: this.#options.packageId };
    return {
      terms: [{ literals: [{ negated: false, predicate: { oneofKind: 'eventType', eventType } }] }],
    };
  }

  async *#read(
    signal: AbortSignal,
    open: (client: SuiGrpcClient, abort: AbortSignal) => AsyncIterable<RawFrame>,
  ): AsyncGenerator<Frame, void, void> {
    if (signal.aborted) return;
    const link = linkAbort(signal);
    const { idleLimitMs } = this.#options;
    const { client } = this.#endpoint;
    let silent = false;
    let idleTimer: NodeJS.Timeout | undefined;
    try {
      const frames = open(client, link.signal)[Symbol.asyncIterator]();
      for (;;) {
        idleTimer = setTimeout(() => {
          silent = true;
          link.abort();
        }, idleLimitMs);
        const { done, value } = await frames.next();
        clearTimeout(idleTimer);
        if (done === true) return;
        yield toFrame(value);
      }
    } catch (error) {
      if (!silent) throw error;
      this.#endpoint.abandon(client);
      throw new StreamFault(`the stream was silent for ${idleLimitMs} ms`, { cause: error });
    } finally {
      // Leaving the loop does not cancel the call: without the abort it would go on and queue for ever.
      clearTimeout(idleTimer);
      link.release();
    }
  }
}

function toFrame(raw: RawFrame): Frame {
  const cursor = raw.watermark?.cursor;
  if (cursor === undefined) throw new StreamFault('the endpoint sent a frame without a cursor');
  return {
    event: raw.event,
    cursor: Uint8Array.from(cursor),
    checkpoint: raw.watermark?.checkpoint,
    end: raw.end === undefined ? undefined : (raw.end.reason ?? GrpcTypes.QueryEndReason.UNKNOWN),
  };
}
