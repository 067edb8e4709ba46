import { GrpcTypes, type SuiGrpcClient } from '@mysten/sui/grpc';
import type { RpcInterceptor, RpcOptions, RpcOutputStream } from '@protobuf-ts/runtime-rpc';
import type { ChainEvent } from '../../core/index.js';
import type { Endpoint } from './endpoint.js';
import { EVENT_FIELDS, type Frame, readingFrames } from './frame-codec.js';
import { linkAbort } from './linked-abort.js';

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

/** Events in the order asked for, and how they go on. */
export interface EventPage {
  readonly events: readonly ChainEvent[];
  /** Everything up to here is in `events`; undefined where nothing came at all. */
  readonly cursor: Uint8Array | undefined;
  /** The newest checkpoint that has been delivered wholly. */
  readonly checkpoint: bigint | undefined;
  /** Undefined where the endpoint broke off without saying why. */
  readonly end: GrpcTypes.QueryEndReason | undefined;
}

export interface EventSourceOptions {
  readonly packageId: string;
  /** A stream silent for so long is dead, whatever its socket says. */
  readonly idleLimitMs: number;
}

/** A mask is always sent: endpoints differ in what they send without. */
const EVENT_MASK = { paths: EVENT_FIELDS };
/** As many as full nodes give at most; one that gives fewer lowers it silently. */
const PAGE_SIZE = 1_000;

/** An event may have 256 KiB on Sui: a page of large ones ends early, so that it fits in memory. */
const PAGE_LIMIT_BYTES = 16 * 1024 * 1024;

/** A stream that broke the protocol, or broke off without saying why. */
export class StreamFault extends Error {
  override readonly name = 'StreamFault';
}

/** The two event streams of a full node, for one package, as frames. */
export class EventSource {
  readonly #options: EventSourceOptions;
  readonly #endpoint: Endpoint;
  readonly #reading: RpcInterceptor;

  constructor(options: EventSourceOptions, modules: { readonly endpoint: Endpoint }) {
    this.#options = options;
    this.#endpoint = modules.endpoint;
    this.#reading = readingFrames(options.packageId);
  }

  /** Events from now on; the first frame holds the cursor where the stream begins. Ends by an error only. */
  async *subscribe(signal: AbortSignal): AsyncGenerator<Frame, void, void> {
    if (signal.aborted) return;
    const guard = new StreamGuard(this.#options.idleLimitMs, this.#endpoint, signal);
    try {
      const request = { readMask: EVENT_MASK, filter: this.#filter(undefined) };
      const { responses } = guard.client.subscriptionService.subscribeEvents(
        request,
        this.#callOptions(guard),
      );
      for await (const frame of framesOf(responses)) {
        guard.heard();
        yield frame;
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
  async list(query: EventQuery, signal: AbortSignal): Promise<EventPage> {
    signal.throwIfAborted();
    const guard = new StreamGuard(this.#options.idleLimitMs, this.#endpoint, signal);
    const page = new PageBuilder();
    try {
      const request = this.#listRequest(query);
      const responses = framesOf(
        guard.client.ledgerService.listEvents(request, this.#callOptions(guard)).responses,
      );
      // An iterator would cost a turn of the event loop for each of thousands of frames.
      await new Promise<void>((resolve, reject) => {
        responses.onMessage((frame) => {
          guard.heard();
          if (page.add(frame) === 'full') resolve();
        });
        responses.onError(reject);
        responses.onComplete(resolve);
      });
      return page.finish();
    } catch (error) {
      throw guard.explain(error);
    } finally {
      guard.release();
    }
  }

  #callOptions(guard: StreamGuard): RpcOptions {
    return { abort: guard.signal, interceptors: [this.#reading] };
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

/** Gathers the frames of a page. */
class PageBuilder {
  readonly #events: ChainEvent[] = [];
  #cursor: Uint8Array | undefined;
  #checkpoint: bigint | undefined;
  #end: GrpcTypes.QueryEndReason | undefined;
  #bytes = 0;

  /** @returns full: the page is cut here, and what comes after is not taken any more */
  add(frame: Frame): 'full' | 'open' {
    if (this.#bytes > PAGE_LIMIT_BYTES) return 'full';
    if (frame.event !== undefined) this.#events.push(frame.event);
    this.#cursor = frame.cursor;
    this.#checkpoint = newest(this.#checkpoint, frame.checkpoint);
    this.#bytes += frame.size;
    if (this.#bytes <= PAGE_LIMIT_BYTES) {
      this.#end = frame.end;
      return 'open';
    }
    this.#end = frame.end ?? GrpcTypes.QueryEndReason.ITEM_LIMIT;
    return 'full';
  }

  finish(): EventPage {
    return { events: this.#events, cursor: this.#cursor, checkpoint: this.#checkpoint, end: this.#end };
  }
}

/** The later of two checkpoints that may be unknown. */
export function newest(a: bigint | undefined, b: bigint | undefined): bigint | undefined {
  if (a === undefined) return b;
  return b === undefined || a > b ? a : b;
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

/** The calls are made with {@link readingFrames}: what their types call responses are frames. */
function framesOf(responses: RpcOutputStream<object>): RpcOutputStream<Frame> {
  return responses as RpcOutputStream<Frame>;
}
