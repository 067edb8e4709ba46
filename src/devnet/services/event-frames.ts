import { GrpcTypes } from '@mysten/sui/grpc';
import { BinaryWriter, WireType } from '@protobuf-ts/runtime';
import { encodeCursor } from '../cursor.js';
import type { LedgerEvent } from '../ledger/checkpoints.js';
import type { Position } from '../ledger/position.js';
import { ReadMask } from '../read-mask.js';
import { renderLedgerEvent } from './render-event.js';

/** What events carry where the client named no fields: all of them. */
const DEFAULT_EVENT_FIELDS: readonly string[] = ['*'];
/** Clients ask for the same few fields again and again; others are encoded each time. */
const KEPT_MASKS = 8;

/** Field numbers of `ListEventsResponse`, which `SubscribeEventsResponse` shares, and of what is in it. */
const FIELD = { event: 1, watermark: 2, end: 3, cursor: 1, checkpoint: 2, reason: 1 } as const;

/** What a frame says besides its event. */
export interface FrameFacts {
  readonly event: LedgerEvent | undefined;
  readonly cursor: Position;
  /** The last checkpoint that is covered whole. */
  readonly covered: bigint | undefined;
  readonly end?: GrpcTypes.QueryEndReason | undefined;
}

/** The frames of `ListEvents` and `SubscribeEvents` as bytes. An event's is made once for each mask. */
export class EventFrames {
  readonly #encoded = new Map<string, WeakMap<LedgerEvent, Uint8Array>>();

  /**
   * The encoder of one request.
   * @throws RpcFailure `INVALID_ARGUMENT` for a mask that events do not have
   */
  encoder(readMask: { readonly paths: readonly string[] } | undefined): (facts: FrameFacts) => Uint8Array {
    const mask = new ReadMask(GrpcTypes.Event, readMask, DEFAULT_EVENT_FIELDS);
    const known = this.#cacheOf(readMask?.paths ?? []);
    const encodeEvent = (event: LedgerEvent): Uint8Array =>
      GrpcTypes.Event.toBinary(mask.apply(renderLedgerEvent(event, mask.wants('json'))));
    return (facts) => {
      const { event } = facts;
      const usual = event !== undefined && facts.end === undefined && facts.covered === event.checkpoint - 1n;
      if (!usual) return encodeFrame(facts, encodeEvent);
      const kept = known.get(event);
      if (kept !== undefined) return kept;
      const bytes = encodeFrame(facts, encodeEvent);
      known.set(event, bytes);
      return bytes;
    };
  }

  #cacheOf(paths: readonly string[]): WeakMap<LedgerEvent, Uint8Array> {
    const key = paths.join();
    const cache = this.#encoded.get(key) ?? new WeakMap();
    if (this.#encoded.size < KEPT_MASKS) this.#encoded.set(key, cache);
    return cache;
  }
}

function encodeFrame(
  { event, cursor, covered, end }: FrameFacts,
  encode: (event: LedgerEvent) => Uint8Array,
): Uint8Array {
  const writer = new BinaryWriter();
  if (event !== undefined) writer.tag(FIELD.event, WireType.LengthDelimited).bytes(encode(event));
  writer.tag(FIELD.watermark, WireType.LengthDelimited).fork();
  writer.tag(FIELD.cursor, WireType.LengthDelimited).bytes(encodeCursor(cursor));
  if (covered !== undefined) writer.tag(FIELD.checkpoint, WireType.Varint).uint64(covered);
  writer.join();
  if (end !== undefined) {
    writer.tag(FIELD.end, WireType.LengthDelimited).fork();
    writer.tag(FIELD.reason, WireType.Varint).int32(end).join();
  }
  return writer.finish();
}
