import { GrpcTypes } from '@mysten/sui/grpc';
import type { Logger } from 'pino';
import { Backoff, pause } from '../../core/index.js';
import { type EventSource, type Frame, StreamFault } from './event-source.js';

/** The index trails the chain by well under a second on a healthy full node. */
const INDEX_WAIT_FIRST_MS = 50;
const INDEX_WAIT_MAX_MS = 2_000;

const { QueryEndReason } = GrpcTypes;

export interface BackfillRange {
  /** The last position handled. */
  readonly after: Uint8Array;
  /** Where the live stream begins. */
  readonly head: Uint8Array;
}

/**
 * All frames between a position and the start of a live stream, page after page, waiting where the full
 * node's index trails its chain. Returns at the head, or when `signal` aborts.
 * @throws StreamFault where a page breaks off or the endpoint makes no progress; what gRPC throws
 */
export async function* backfill(
  range: BackfillRange,
  modules: { readonly source: EventSource; readonly logger: Logger },
  signal: AbortSignal,
): AsyncGenerator<Frame, void, void> {
  const indexWait = new Backoff({ firstMs: INDEX_WAIT_FIRST_MS, maxMs: INDEX_WAIT_MAX_MS });
  let position = range.after;
  while (!signal.aborted && !sameBytes(position, range.head)) {
    let end: GrpcTypes.QueryEndReason | undefined;
    const pageStart = position;
    for await (const frame of modules.source.list(position, range.head, signal)) {
      position = frame.cursor;
      end = frame.end;
      yield frame;
      if (end !== undefined) break;
    }
    const moved = !sameBytes(position, pageStart);
    if (moved) indexWait.reset();
    if (end === QueryEndReason.CURSOR_BOUND) return;
    if (end === QueryEndReason.LEDGER_TIP) {
      const waitMs = indexWait.next();
      modules.logger.debug({ waitMs }, "the endpoint's event index trails its chain; waiting for it");
      await pause(waitMs, signal);
    } else if (!moved || (end !== QueryEndReason.ITEM_LIMIT && end !== QueryEndReason.SCAN_LIMIT)) {
      if (signal.aborted) return;
      throw new StreamFault(`a page of events ended with ${nameOf(end)}${moved ? '' : ' and no progress'}`);
    }
  }
}

function nameOf(end: GrpcTypes.QueryEndReason | undefined): string {
  return end === undefined ? 'no end marker' : QueryEndReason[end];
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}
