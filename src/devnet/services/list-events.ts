import { GrpcTypes } from '@mysten/sui/grpc';
import { decodeCursor } from '../cursor.js';
import { eventPredicate } from '../event-filter.js';
import type { EventIndex, EventQuery } from '../event-index.js';
import type { FrameSink } from '../rpc-method.js';
import type { EventFrames } from './event-frames.js';

/** What a page holds where the client named no limit, and the most that it holds. */
const DEFAULT_LIMIT = 50;
const MAX_LIMIT = 1000;

/** Answers `ListEvents`: the events of a page, then its end. */
export function listEvents(
  { index, frames }: { readonly index: EventIndex; readonly frames: EventFrames },
  request: GrpcTypes.ListEventsRequest,
  sink: FrameSink<Uint8Array>,
): void {
  const encode = frames.encoder(request.readMask);
  for (const { end, ...frame } of index.query(readQuery(request))) {
    const reason = end === undefined ? undefined : GrpcTypes.QueryEndReason[end];
    sink.write(encode({ ...frame, end: reason }));
  }
  sink.end();
}

function readQuery({
  filter,
  options,
  startCheckpoint,
  endCheckpoint,
}: GrpcTypes.ListEventsRequest): EventQuery {
  const asked = options?.limit ?? 0;
  return {
    matches: eventPredicate(filter),
    after: options?.after === undefined ? undefined : decodeCursor(options.after),
    before: options?.before === undefined ? undefined : decodeCursor(options.before),
    startCheckpoint,
    endCheckpoint,
    descending: options?.ordering === GrpcTypes.Ordering.DESCENDING,
    // Too large a limit is coerced silently, as on a full node.
    limit: asked === 0 ? DEFAULT_LIMIT : Math.min(asked, MAX_LIMIT),
  };
}
