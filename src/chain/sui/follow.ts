import type { Logger } from 'pino';
import { AtomaError, Backoff, pause } from '../../core/index.js';
import type { ChainBatch } from '../chain.js';
import { backfill } from './backfill.js';
import { formatCursor, type Position, parseCursor } from './cursor.js';
import type { Endpoint } from './endpoint.js';
import { type EventSource, type Frame, StreamFault } from './event-source.js';
import { decodeEvent } from './events.js';
import { type LinkedAbort, linkAbort } from './linked-abort.js';
import { RecentIds } from './recent-ids.js';
import { describeError, rpcCode } from './rpc-errors.js';
import { Spool, SpoolOverflow } from './spool.js';
import type { Tip } from './tip.js';

const RETRY_FIRST_MS = 200;
/** A ticket's deadline is minutes: 10 s more or less of an endpoint's outage is affordable, 30 s is not. */
const RETRY_MAX_MS = 10_000;
/** A connection that lasted for so long was a good one: the next retry starts early again. */
const GOOD_SESSION_MS = 10_000;

export interface FollowerOptions {
  readonly chainId: string;
  readonly packageId: string;
  readonly spoolLimitBytes: number;
}

export interface FollowerModules {
  readonly source: EventSource;
  readonly endpoint: Endpoint;
  readonly tip: Tip;
  readonly logger: Logger;
}

interface Step {
  readonly frame: Frame;
  readonly position: Position;
}

/**
 * A package's events without a gap. A subscription starts at the tip and never resumes, so each session
 * (1) subscribes and reads where the live stream begins, (2) pages the history from the last position up to
 * that head while live frames are spooled, (3) drains the spool. Whatever goes wrong, the next session
 * starts from the last position handed out.
 */
export class EventFollower {
  readonly #options: FollowerOptions;
  readonly #modules: FollowerModules;

  constructor(options: FollowerOptions, modules: FollowerModules) {
    this.#options = options;
    this.#modules = modules;
  }

  /** {@link Chain.follow} */
  async *follow(after: string | undefined, signal: AbortSignal): AsyncGenerator<ChainBatch, void, void> {
    let position = after === undefined ? undefined : parseCursor(this.#options, after);
    let untried = true;
    const seen = new RecentIds();
    const backoff = new Backoff({ firstMs: RETRY_FIRST_MS, maxMs: RETRY_MAX_MS });
    while (!signal.aborted) {
      const startedAt = performance.now();
      const link = linkAbort(signal);
      try {
        for await (const step of this.#session(position, link)) {
          position = step.position;
          untried = false;
          yield this.#toBatch(step, seen);
          if (signal.aborted) return;
        }
      } catch (error) {
        if (signal.aborted) return;
        if (error instanceof AtomaError) throw error;
        if (untried) throwIfHopeless(error, this.#modules.endpoint.url);
        if (performance.now() - startedAt > GOOD_SESSION_MS) backoff.reset();
        await this.#waitAfter(error, backoff, signal);
      } finally {
        link.release();
      }
    }
  }

  async *#session(position: Position | undefined, link: LinkedAbort): AsyncGenerator<Step, void, void> {
    const { source, tip, logger } = this.#modules;
    const { signal } = link;
    await this.#checkEndpoint(position, signal);
    const spool = new Spool(
      { limitBytes: this.#options.spoolLimitBytes, onFrame: (frame) => tip.observe(frame.checkpoint) },
      { frames: source.subscribe(signal) },
    );
    const head = await spool.next();
    let checkpoint = position?.checkpoint;
    const step = (frame: Frame): Step => {
      checkpoint = newest(checkpoint, frame.checkpoint);
      return { frame, position: { cursor: frame.cursor, checkpoint } };
    };
    if (position !== undefined) {
      refuseOlder(head, position);
      const range = { after: position.cursor, head: head.cursor };
      for await (const frame of backfill(range, { source, logger }, signal)) yield step(frame);
    }
    if (signal.aborted) return;
    const endLive = tip.enterLive();
    try {
      logger.info({ checkpoint: head.checkpoint?.toString() }, 'following live events');
      yield step(head);
      for (;;) yield step(await spool.next());
    } finally {
      endLive();
    }
  }

  /** Another chain, or a node that has thrown away what is still to be read, would be a silent gap. */
  async #checkEndpoint(position: Position | undefined, abort: AbortSignal): Promise<void> {
    const { client, url } = this.#modules.endpoint;
    const { response: info } = await client.ledgerService.getServiceInfo({}, { abort });
    if (info.chainId !== this.#options.chainId) {
      throw new AtomaError(
        'chain_changed',
        `the endpoint ${url} served chain ${this.#options.chainId} and now serves chain ${info.chainId}; restart the node if that is meant`,
        { fields: { url, wanted: this.#options.chainId, found: info.chainId } },
      );
    }
    const lowest = info.lowestAvailableCheckpoint;
    const covered = position?.checkpoint;
    if (lowest !== undefined && covered !== undefined && lowest > covered + 1n) {
      throw new AtomaError(
        'history_pruned',
        `events from checkpoint ${covered + 1n} on are wanted, but the endpoint ${url} keeps them from checkpoint ${lowest} on only; use an endpoint with a longer history`,
        { fields: { url, wanted: `${covered + 1n}`, lowestAvailable: `${lowest}` } },
      );
    }
  }

  #toBatch({ frame, position }: Step, seen: RecentIds): ChainBatch {
    const cursor = formatCursor(this.#options, position);
    if (frame.event === undefined) return { cursor, events: [] };
    const event = decodeEvent(frame.event, this.#options.packageId, `unidentified:${cursor}`);
    if (event === undefined) return { cursor, events: [] };
    if (!seen.add(event.id)) {
      this.#modules.logger.debug({ eventId: event.id }, 'dropped an event that was delivered before');
      return { cursor, events: [] };
    }
    if (event.kind === 'undecodable') this.#modules.logger.warn({ event }, 'an event cannot be read');
    return { cursor, events: [event] };
  }

  async #waitAfter(error: unknown, backoff: Backoff, signal: AbortSignal): Promise<void> {
    const { logger, endpoint } = this.#modules;
    if (error instanceof SpoolOverflow) {
      logger.warn({ reason: error.message }, 'reading on from the history, then live again');
      return;
    }
    const retryInMs = backoff.next();
    logger.warn(
      { endpoint: endpoint.url, reason: describeError(error), retryInMs },
      'lost the event stream; reconnecting',
    );
    await pause(retryInMs, signal);
  }
}

/** Behind a load balancer the next full node may be behind the last one: going on there would go back. */
function refuseOlder(head: Frame, position: Position): void {
  if (head.checkpoint === undefined || position.checkpoint === undefined) return;
  if (head.checkpoint < position.checkpoint) {
    throw new StreamFault(
      `the endpoint is at checkpoint ${head.checkpoint}, events up to ${position.checkpoint} have been read already`,
    );
  }
}

/** Errors that mean, before anything ever worked, that nothing will. */
function throwIfHopeless(error: unknown, url: string): void {
  const code = rpcCode(error);
  if (code === 'UNIMPLEMENTED') {
    throw new AtomaError(
      'unsupported_endpoint',
      `the endpoint ${url} offers no event streams over gRPC (${describeError(error)}); use a Sui full node with SubscribeEvents and ListEvents`,
      { cause: error, fields: { url } },
    );
  }
  if (code === 'INVALID_ARGUMENT') {
    throw new AtomaError(
      'endpoint_refused',
      `the endpoint ${url} refuses to list events (${describeError(error)}); the cursor or the package id is not one it accepts`,
      { cause: error, fields: { url } },
    );
  }
}

function newest(a: bigint | undefined, b: bigint | undefined): bigint | undefined {
  if (a === undefined) return b;
  return b === undefined || a > b ? a : b;
}
