import type { EventPredicate } from './event-filter.js';
import type { LedgerEvent } from './ledger/checkpoints.js';
import type { Ledger } from './ledger/ledger.js';
import { afterCheckpoint, beforeCheckpoint, checkpointOf, type Position } from './ledger/position.js';
import { invalidArgument, type RpcFailure } from './status.js';

/** Why a query stopped, in the words of Sui's `QueryEndReason`. */
export type EndReason = 'ITEM_LIMIT' | 'SCAN_LIMIT' | 'CHECKPOINT_BOUND' | 'CURSOR_BOUND' | 'LEDGER_TIP';

export interface EventQuery {
  readonly matches: EventPredicate;
  /** Exclusive, whatever the ordering. */
  readonly after: Position | undefined;
  readonly before: Position | undefined;
  /** Inclusive. */
  readonly startCheckpoint: bigint | undefined;
  /** Exclusive. */
  readonly endCheckpoint: bigint | undefined;
  readonly descending: boolean;
  readonly limit: number;
}

/** One step of a query: an event, its end, or both. */
export interface EventFrame {
  readonly event: LedgerEvent | undefined;
  /** Where to go on from. */
  readonly cursor: Position;
  /** The last checkpoint that is covered whole; undefined before the first one is. */
  readonly covered: bigint | undefined;
  readonly end: EndReason | undefined;
}

interface Bound {
  readonly position: Position;
  readonly reason: EndReason;
}

/** Before everything. */
const LEDGER_START: Position = -1n;

/** The chain's events by position. Like a full node's index it can trail the ledger: {@link hold}. */
export class EventIndex {
  readonly #ledger: Ledger;
  readonly #scanLimit: number;
  #heldAt: bigint | undefined;

  /** @param options.scanLimit events that one query looks at before it stops with `SCAN_LIMIT` */
  constructor(options: { readonly scanLimit: number }, modules: { readonly ledger: Ledger }) {
    this.#scanLimit = options.scanLimit;
    this.#ledger = modules.ledger;
  }

  /** Stops indexing at the checkpoint of now; the returned function catches up. */
  hold(): () => void {
    this.#heldAt ??= this.#ledger.checkpoints.tip;
    return () => {
      this.#heldAt = undefined;
    };
  }

  /**
   * All frames of a query's answer; the last one has an end.
   * @throws RpcFailure `INVALID_ARGUMENT` where the query names a start that has been pruned, the code with
   * which Sui's full nodes refuse one; without a start it begins at the oldest event there is
   */
  query(query: EventQuery): EventFrame[] {
    const { checkpoints } = this.#ledger;
    const tip = this.#heldAt ?? checkpoints.tip;
    const lower = lowerBound(query, checkpoints.lowest);
    const upper = upperBound(query, tip);
    const frames: EventFrame[] = [];
    let scanned = 0;
    let last: LedgerEvent | undefined;
    for (const event of this.#between(lower.position, upper.position, query.descending)) {
      if (scanned++ === this.#scanLimit) return [...frames, this.#scanned(query, last, lower)];
      last = event;
      if (!query.matches(event)) continue;
      const full = frames.length + 1 >= query.limit;
      const covered = query.descending ? undefined : coveredBefore(event.checkpoint, lower.position);
      frames.push({ event, cursor: event.position, covered, end: full ? 'ITEM_LIMIT' : undefined });
      if (full) return frames;
    }
    return [...frames, query.descending ? endFrame(lower, undefined) : ascendingEnd(lower, upper)];
  }

  #scanned(query: EventQuery, last: LedgerEvent | undefined, lower: Bound): EventFrame {
    const cursor = last?.position ?? lower.position;
    const covered = query.descending ? undefined : coveredBefore(checkpointOf(cursor), lower.position);
    return { event: undefined, cursor, covered, end: 'SCAN_LIMIT' };
  }

  *#between(lower: Position, upper: Position, descending: boolean): Generator<LedgerEvent> {
    const { events } = this.#ledger;
    const first = firstAfter(events, lower);
    const end = firstAfter(events, upper - 1n);
    const step = descending ? -1 : 1;
    for (let at = descending ? end - 1 : first; at >= first && at < end; at += step) {
      const event = events[at];
      if (event !== undefined) yield event;
    }
  }
}

/** Index of the first event whose position is beyond the given one. */
function firstAfter(events: readonly LedgerEvent[], position: Position): number {
  let low = 0;
  let high = events.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const event = events[middle];
    if (event !== undefined && event.position <= position) low = middle + 1;
    else high = middle;
  }
  return low;
}

function lowerBound({ after, startCheckpoint }: EventQuery, lowest: bigint): Bound {
  const oldest = lowest === 0n ? LEDGER_START : beforeCheckpoint(lowest);
  const start: Bound = {
    position: startCheckpoint === undefined ? oldest : beforeCheckpoint(startCheckpoint),
    reason: 'CHECKPOINT_BOUND',
  };
  if (start.position < oldest) throw pruned(startCheckpoint ?? 0n, lowest);
  if (after !== undefined && after < oldest) throw pruned(checkpointOf(after + 1n), lowest);
  return after !== undefined && after >= start.position ? { position: after, reason: 'CURSOR_BOUND' } : start;
}

function pruned(start: bigint, lowest: bigint): RpcFailure {
  return invalidArgument(
    `Requested start checkpoint ${start} has been pruned. Lowest available checkpoint is ${lowest}`,
  );
}

/** The nearest of the bounds; the index's own tip only where nothing else ends the query before. */
function upperBound({ before, endCheckpoint }: EventQuery, tip: bigint): Bound {
  let bound: Bound = { position: afterCheckpoint(tip) + 1n, reason: 'LEDGER_TIP' };
  if (endCheckpoint !== undefined && beforeCheckpoint(endCheckpoint) + 1n <= bound.position) {
    bound = { position: beforeCheckpoint(endCheckpoint) + 1n, reason: 'CHECKPOINT_BOUND' };
  }
  if (before !== undefined && before <= bound.position) bound = { position: before, reason: 'CURSOR_BOUND' };
  return bound;
}

function ascendingEnd(lower: Bound, upper: Bound): EventFrame {
  // A cursor bound is returned as it is; the other two ends have covered their last checkpoint whole.
  const cursor = upper.reason === 'CURSOR_BOUND' ? upper.position : upper.position - 1n;
  const checkpoint = upper.reason === 'CURSOR_BOUND' ? checkpointOf(cursor) : checkpointOf(cursor) + 1n;
  const frame = endFrame(
    { position: cursor, reason: upper.reason },
    coveredBefore(checkpoint, lower.position),
  );
  // A query whose `after` lies beyond its end must not send the client back.
  return cursor < lower.position ? { ...frame, cursor: lower.position, covered: undefined } : frame;
}

function endFrame(bound: Bound, covered: bigint | undefined): EventFrame {
  const cursor = bound.position < 0n ? 0n : bound.position;
  return { event: undefined, cursor, covered, end: bound.reason };
}

/** The checkpoint before the given one, if the scan that began at `lower` has covered it whole. */
function coveredBefore(checkpoint: bigint, lower: Position): bigint | undefined {
  const first = lower < 0n ? 0n : checkpointOf(lower) + 1n;
  return checkpoint - 1n >= first ? checkpoint - 1n : undefined;
}
