import { GrpcTypes } from '@mysten/sui/grpc';
import type { Logger } from 'pino';
import { Backoff, pause } from '../../core/index.js';
import { type EventPage, type EventQuery, type EventSource, StreamFault } from './event-source.js';

/** The index trails the chain by well under a second on a healthy full node. */
const INDEX_WAIT_FIRST_MS = 50;
const INDEX_WAIT_MAX_MS = 2_000;

const { QueryEndReason } = GrpcTypes;

/** What to read, oldest first: from a cursor or a checkpoint on, up to a cursor or a checkpoint. */
export type BackfillRange = Pick<EventQuery, 'after' | 'before' | 'from' | 'until'>;

/**
 * All events of a range, page after page, waiting where the full node's index trails its chain; the next page
 * is on its way while one is dealt with. Returns at the end of the range, or when `signal` aborts.
 * @throws StreamFault where a page breaks off or the endpoint makes no progress; what gRPC throws
 */
export async function* backfill(
  range: BackfillRange,
  modules: { readonly source: EventSource; readonly logger: Logger },
  signal: AbortSignal,
): AsyncGenerator<EventPage, void, void> {
  const indexWait = new Backoff({ firstMs: INDEX_WAIT_FIRST_MS, maxMs: INDEX_WAIT_MAX_MS });
  const request = (after: Uint8Array | undefined): Promise<EventPage> => {
    const page = modules.source.list({ ...range, after }, signal);
    // It is awaited later, or not at all where the reader leaves.
    page.catch(() => undefined);
    return page;
  };
  let position = range.after;
  let next = request(position);
  while (!signal.aborted && !sameBytes(position, range.before)) {
    const page = await next;
    const moved = !sameBytes(position, page.cursor);
    const more = continuation(page.end, moved);
    position = page.cursor;
    if (more === 'at-once') next = request(position);
    yield page;
    if (more === 'done') return;
    if (more === 'at-once') continue;
    if (moved) indexWait.reset();
    const waitMs = indexWait.next();
    modules.logger.debug({ waitMs }, "the endpoint's event index trails its chain; waiting for it");
    await pause(waitMs, signal);
    next = request(position);
  }
}

/** How a page goes on. @throws StreamFault where it must not */
function continuation(
  end: GrpcTypes.QueryEndReason | undefined,
  moved: boolean,
): 'done' | 'wait' | 'at-once' {
  if (end === QueryEndReason.CURSOR_BOUND || end === QueryEndReason.CHECKPOINT_BOUND) return 'done';
  if (end === QueryEndReason.LEDGER_TIP) return 'wait';
  if (moved && (end === QueryEndReason.ITEM_LIMIT || end === QueryEndReason.SCAN_LIMIT)) return 'at-once';
  const name = end === undefined ? 'no end marker' : QueryEndReason[end];
  throw new StreamFault(`a page of events ended with ${name}${moved ? '' : ' and no progress'}`);
}

function sameBytes(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  return a !== undefined && b !== undefined && Buffer.compare(a, b) === 0;
}
