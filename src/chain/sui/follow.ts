import type { Logger } from 'pino';
import { AtomaError, Backoff, type ChainEvent, pause } from '../../core/index.js';
import type { ChainBatch, FollowOptions } from '../chain.js';
import { backfill } from './backfill.js';
import { CheckpointTimes } from './checkpoint-times.js';
import { formatCursor, type Position, parseCursor } from './cursor.js';
import type { Endpoint } from './endpoint.js';
import { type EventPage, type EventSource, newest, StreamFault } from './event-source.js';
import type { Frame } from './frame-codec.js';
import { type HistoryStart, historyStart } from './history-start.js';
import { linkAbort } from './linked-abort.js';
import { LiveClock } from './live-clock.js';
import { RecentIds } from './recent-ids.js';
import { describeError, rpcCode } from './rpc-errors.js';
import { Spool, SpoolOverflow } from './spool.js';
import { stampOwn } from './time-stamps.js';
import type { Tip } from './tip.js';
import { watchTip } from './tip-watch.js';

const RETRY_FIRST_MS = 200;
/** A ticket's deadline is minutes: 10 s more or less of an endpoint's outage is affordable, 30 s is not. */
const RETRY_MAX_MS = 10_000;
/** A connection that lasted for so long was a good one: the next retry starts early again. */
const GOOD_SESSION_MS = 10_000;

export interface FollowerOptions {
  readonly chainId: string;
  readonly packageId: string;
  readonly spoolLimitBytes: number;
  /** Whose prompts carry their time; without it none do. */
  readonly smallId?: bigint | undefined;
  /** How long no new checkpoint may come before it is logged. Default 10 s. */
  readonly stallMs?: number | undefined;
}

export interface FollowerModules {
  readonly source: EventSource;
  readonly endpoint: Endpoint;
  readonly tip: Tip;
  readonly logger: Logger;
}

/** What a page or a moment of the live stream brought. */
type Delivery = Omit<EventPage, 'end'>;

/** Events in order, and the position after all of them. */
interface Stretch {
  readonly events: readonly ChainEvent[];
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
  readonly #times: CheckpointTimes;

  constructor(options: FollowerOptions, modules: FollowerModules) {
    this.#options = options;
    this.#modules = modules;
    this.#times = new CheckpointTimes(modules);
  }

  /** {@link Chain.follow} */
  async *follow(options: FollowOptions): AsyncGenerator<ChainBatch, void, void> {
    const { tip, logger, endpoint } = this.#modules;
    const stopWatch = watchTip({ endpoint: endpoint.url, stallMs: this.#options.stallMs }, { tip, logger });
    try {
      yield* this.#sessions(options);
    } finally {
      stopWatch();
    }
  }

  async *#sessions({ after, acceptGap, signal }: FollowOptions): AsyncGenerator<ChainBatch, void, void> {
    let position = after === undefined ? undefined : parseCursor(this.#options, after);
    let untried = true;
    let refusal: unknown;
    const seen = new RecentIds();
    const backoff = new Backoff({ firstMs: RETRY_FIRST_MS, maxMs: RETRY_MAX_MS });
    while (!signal.aborted) {
      const startedAt = performance.now();
      const link = linkAbort(signal);
      try {
        const mode = { chainId: this.#options.chainId, acceptGap, refused: refusal !== undefined };
        const start = await historyStart(position, mode, this.#modules, link.signal);
        if (untried && refusal !== undefined) throwIfRefused(start, refusal, this.#modules.endpoint.url);
        for await (const stretch of this.#session(position, start, link.signal)) {
          position = stretch.position;
          untried = false;
          const batch = await this.#toBatch(stretch, seen, link.signal);
          if (signal.aborted) return;
          yield batch;
          if (signal.aborted) return;
        }
      } catch (error) {
        if (signal.aborted) return;
        if (error instanceof AtomaError) throw error;
        if (untried) throwIfUnsupported(error, this.#modules.endpoint.url);
        const refusedAnew = refusal === undefined && rpcCode(error) === 'INVALID_ARGUMENT';
        refusal = refusedAnew ? error : undefined;
        // What is refused may have been pruned this moment: that is asked at once.
        if (refusedAnew) continue;
        if (performance.now() - startedAt > GOOD_SESSION_MS) backoff.reset();
        await this.#waitAfter(error, backoff, signal);
      } finally {
        link.release();
      }
    }
  }

  async *#session(
    position: Position | undefined,
    start: HistoryStart | undefined,
    signal: AbortSignal,
  ): AsyncGenerator<Stretch, void, void> {
    const { source, tip, logger } = this.#modules;
    const spool = new Spool(
      { limitBytes: this.#options.spoolLimitBytes },
      { frames: this.#live(source.subscribe(signal)) },
    );
    const early = await spool.take();
    const [head] = early;
    // What was given up counts as read: the gap must not be found again.
    let checkpoint = start !== undefined && 'from' in start ? start.from - 1n : position?.checkpoint;
    const stretch = ({ events, cursor, checkpoint: covered }: Delivery): Stretch => {
      checkpoint = newest(checkpoint, covered);
      return { events, position: { cursor: cursor ?? head.cursor, checkpoint } };
    };
    if (start !== undefined) {
      refuseOlder(head, position);
      const range = { ...start, before: head.cursor };
      for await (const page of backfill(range, { source, logger }, signal)) yield stretch(page);
    }
    if (signal.aborted) return;
    const endLive = tip.enterLive();
    try {
      logger.info({ checkpoint: head.checkpoint?.toString() }, 'following live events');
      yield stretch(delivery(early));
      for (;;) yield stretch(delivery(await spool.take()));
    } finally {
      endLive();
    }
  }

  /** Notes of each live event when it came, however long it will wait to be read. */
  async *#live(frames: AsyncIterable<Frame>): AsyncGenerator<Frame, void, void> {
    const clock = new LiveClock(Date.now);
    for await (const frame of frames) {
      this.#modules.tip.observe(frame.checkpoint);
      const timestampMs = clock.arrival();
      yield frame.event === undefined ? frame : { ...frame, event: { ...frame.event, timestampMs } };
    }
  }

  async #toBatch(
    { events: all, position }: Stretch,
    seen: RecentIds,
    signal: AbortSignal,
  ): Promise<ChainBatch> {
    const events = all.filter((event) => this.#isNew(event, seen));
    const { smallId } = this.#options;
    return {
      cursor: formatCursor(this.#options, position),
      events: smallId === undefined ? events : await stampOwn(events, smallId, this.#times, signal),
    };
  }

  #isNew(event: ChainEvent, seen: RecentIds): boolean {
    const { logger } = this.#modules;
    if (!seen.add(event.id)) {
      logger.debug({ eventId: event.id }, 'dropped an event that was delivered before');
      return false;
    }
    if (event.kind === 'undecodable') logger.warn({ event }, 'an event cannot be read');
    return true;
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
function refuseOlder(head: Frame, position: Position | undefined): void {
  if (head.checkpoint === undefined || position?.checkpoint === undefined) return;
  if (head.checkpoint < position.checkpoint) {
    throw new StreamFault(
      `the endpoint is at checkpoint ${head.checkpoint}, events up to ${position.checkpoint} have been read already`,
    );
  }
}

/** An error that means, before anything ever worked, that nothing will. */
function throwIfUnsupported(error: unknown, url: string): void {
  if (rpcCode(error) !== 'UNIMPLEMENTED') return;
  throw new AtomaError(
    'unsupported_endpoint',
    `the endpoint ${url} offers no event streams over gRPC (${describeError(error)}); use a Sui full node with SubscribeEvents and ListEvents`,
    { cause: error, fields: { url } },
  );
}

/** A refusal that pruned history does not explain will be the same the next time. */
function throwIfRefused(start: HistoryStart | undefined, refusal: unknown, url: string): void {
  if (start !== undefined && 'from' in start) return;
  throw new AtomaError(
    'endpoint_refused',
    `the endpoint ${url} refuses to list events (${describeError(refusal)}); the cursor or the package id is not one it accepts`,
    { cause: refusal, fields: { url } },
  );
}

/** What live frames deliver together. */
function delivery(frames: readonly Frame[]): Delivery {
  let checkpoint: bigint | undefined;
  for (const frame of frames) checkpoint = newest(checkpoint, frame.checkpoint);
  return { events: frames.flatMap(({ event }) => event ?? []), cursor: frames.at(-1)?.cursor, checkpoint };
}
