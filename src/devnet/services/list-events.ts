import { GrpcTypes } from '@mysten/sui/grpc';
import type { PartialMessage } from '@protobuf-ts/runtime';
import { decodeCursor, encodeCursor } from '../cursor.js';
import { eventPredicate } from '../event-filter.js';
import type { EventFrame, EventIndex, EventQuery } from '../event-index.js';
import { ReadMask } from '../read-mask.js';
import type { FrameSink } from '../rpc-method.js';
import { renderLedgerEvent } from './render-event.js';

/** What a page holds where the client named no limit, and the most that it holds. */
const DEFAULT_LIMIT = 50;
const MAX_LIMIT = 1000;

/** What events carry where the client named no fields: all of them. */
export const DEFAULT_EVENT_FIELDS: readonly string[] = ['*'];

/** Answers `ListEvents`: the events of a page, then its end. */
export function listEvents(
  index: EventIndex,
  request: GrpcTypes.ListEventsRequest,
  sink: FrameSink<PartialMessage<GrpcTypes.ListEventsResponse>>,
): void {
  const mask = new ReadMask(GrpcTypes.Event, request.readMask, DEFAULT_EVENT_FIELDS);
  for (const frame of index.query(readQuery(request))) sink.write(renderFrame(frame, mask));
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

function renderFrame(
  frame: EventFrame,
  mask: ReadMask<GrpcTypes.Event>,
): PartialMessage<GrpcTypes.ListEventsResponse> {
  const watermark: PartialMessage<GrpcTypes.Watermark> = { cursor: encodeCursor(frame.cursor) };
  if (frame.covered !== undefined) watermark.checkpoint = frame.covered;
  const rendered: PartialMessage<GrpcTypes.ListEventsResponse> = { watermark };
  if (frame.event !== undefined) rendered.event = mask.apply(renderLedgerEvent(frame.event));
  if (frame.end !== undefined) rendered.end = { reason: GrpcTypes.QueryEndReason[frame.end] };
  return rendered;
}
