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

/** Which events to list; without bounds, all there are. */
export interface EventQuery {
  /** Strictly after this cursor. */
  readonly after?: Uint8Array | undefined;
  /** Strictly before this cursor. */
  readonly before?: Uint8Array | undefined;
  /** First checkpoint. */
  readonly from?: bigint | undefined;
  /** The checkpoint after the last one. */
  readonly until?: bigint | undefined;
  /** Newest first. */
  readonly descending?: boolean;
  /** `module::Name`: this type only. */
  readonly type?: string;
}

export interface EventSourceOptions {
  readonly packageId: string;
  /** A stream silent for so long is dead, whatever its socket says. */
  readonly idleLimitMs: number;
}

/** What of an event the node reads; a mask is always sent, since endpoints differ in what they send without. */
const EVENT_MASK = { paths: ['event_type', 'contents', 'checkpoint', 'transaction_digest', 'event_index'] };
/** As many as full nodes give at most; one that gives fewer lowers it silently. */
const PAGE_SIZE = 1_000;

/** An event may have 256 KiB on Sui: a page of large ones ends early, so that it fits in memory. */
const PAGE_LIMIT_BYTES = 16 * 1024 * 1024;

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
  async *subscribe(signal: AbortSignal): AsyncGenerator<Frame, void, void> {
    if (signal.aborted) return;
    const guard = new StreamGuard(this.#options.idleLimitMs, this.#endpoint, signal);
    try {
      const request = { readMask: EVENT_MASK, filter: this.#filter(undefined) };
      const call = guard.client.subscriptionService.subscribeEvents(request, { abort: guard.signal });
      for await (const raw of call.responses) {
        guard.heard();
        yield toFrame(raw);
      }
    } catch (error) {
      throw guard.explain(error);
    } finally {
      guard.release();
    }
  }

  /**
   * One page of events, in one piece.
   * @throws StreamFault where it breaks off or is silent for too long; what gRPC throws, also when `signal` aborts
   */
  async list(query: EventQuery, signal: AbortSignal): Promise<readonly Frame[]> {
    signal.throwIfAborted();
    const guard = new StreamGuard(this.#options.idleLimitMs, this.#endpoint, signal);
    const frames: Frame[] = [];
    try {
      const { responses } = guard.client.ledgerService.listEvents(this.#listRequest(query), {
        abort: guard.signal,
      });
      // An iterator would cost a turn of the event loop for each of thousands of frames.
      await new Promise<void>((resolve, reject) => {
        let bytes = 0;
        responses.onMessage((raw) => {
          guard.heard();
          if (bytes > PAGE_LIMIT_BYTES) return;
          try {
            const frame = toFrame(raw);
            bytes += frame.event?.contents?.value?.length ?? 0;
            const full = bytes > PAGE_LIMIT_BYTES && frame.end === undefined;
            frames.push(full ? { ...frame, end: GrpcTypes.QueryEndReason.ITEM_LIMIT } : frame);
            if (full) resolve();
          } catch (error) {
            reject(error);
          }
        });
        responses.onError(reject);
        responses.onComplete(resolve);
      });
      return frames;
    } catch (error) {
      throw guard.explain(error);
    } finally {
      guard.release();
    }
  }

  #listRequest(query: EventQuery): GrpcTypes.ListEventsRequest {
    const { after, before, from, until, descending = false } = query;
    const { ASCENDING, DESCENDING } = GrpcTypes.Ordering;
    return {
      readMask: EVENT_MASK,
      filter: this.#filter(query.type),
      options: {
        limit: PAGE_SIZE,
        ordering: descending ? DESCENDING : ASCENDING,
        ...(after === undefined ? {} : { after }),
        ...(before === undefined ? {} : { before }),
      },
      ...(from === undefined ? {} : { startCheckpoint: from }),
      ...(until === undefined ? {} : { endCheckpoint: until }),
    };
  }

  /** By the type's address, not by the called module: other packages may call into the contract. */
  #filter(type: string | undefined): GrpcTypes.EventFilter {
    const { packageId } = this.#options;
    const eventType = { eventType: type === undefined ? packageId : `${packageId}::${type}` };
    return {
      terms: [{ literals: [{ negated: false, predicate: { oneofKind: 'eventType', eventType } }] }],
    };
  }
}

/** Ends one stream when it has been silent for too long, and lets go of everything it held. */
class StreamGuard {
  readonly client: SuiGrpcClient;
  readonly #endpoint: Endpoint;
  readonly #idleLimitMs: number;
  readonly #link: ReturnType<typeof linkAbort>;
  readonly #timer: NodeJS.Timeout;
  #silent = false;

  constructor(idleLimitMs: number, endpoint: Endpoint, signal: AbortSignal) {
    this.client = endpoint.client;
    this.#endpoint = endpoint;
    this.#idleLimitMs = idleLimitMs;
    this.#link = linkAbort(signal);
    this.#timer = setTimeout(() => {
      this.#silent = true;
      this.#link.abort();
    }, idleLimitMs);
  }

  get signal(): AbortSignal {
    return this.#link.signal;
  }

  heard(): void {
    this.#timer.refresh();
  }

  /** Why the stream ended: its silence, or else the error itself. */
  explain(error: unknown): unknown {
    if (!this.#silent) return error;
    this.#endpoint.abandon(this.client);
    return new StreamFault(`the stream was silent for ${this.#idleLimitMs} ms`, { cause: error });
  }

  /** Leaving a loop over a stream does not cancel its call: without the abort it would go on for ever. */
  release(): void {
    clearTimeout(this.#timer);
    this.#link.release();
  }
}

function toFrame(raw: RawFrame): Frame {
  const cursor = raw.watermark?.cursor;
  if (cursor === undefined) throw new StreamFault('the endpoint sent a frame without a cursor');
  return {
    event: raw.event,
    cursor,
    checkpoint: raw.watermark?.checkpoint,
    end: raw.end === undefined ? undefined : (raw.end.reason ?? GrpcTypes.QueryEndReason.UNKNOWN),
  };
}
