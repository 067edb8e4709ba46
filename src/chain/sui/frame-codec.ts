import { GrpcTypes } from '@mysten/sui/grpc';
import { MessageType } from '@protobuf-ts/runtime';
import type { RpcInterceptor } from '@protobuf-ts/runtime-rpc';
import type { ChainEvent } from '../../core/index.js';
import { EventDecoder, type RawEvent } from './events.js';
import { KeptTexts, ProtoReader } from './proto-reader.js';

/** One message of an event stream. */
export interface RawFrame {
  /** Undefined: nothing matched up to the cursor. */
  readonly event: RawEvent | undefined;
  /** Everything up to here has been delivered. */
  readonly cursor: Uint8Array;
  /** The newest checkpoint that has been delivered wholly. */
  readonly checkpoint: bigint | undefined;
  /** Only on the last frame of a list. */
  readonly end: GrpcTypes.QueryEndReason | undefined;
}

/** One message of an event stream, its event read: the bytes are not kept, which spares the garbage collector. */
export interface Frame extends Omit<RawFrame, 'event'> {
  /** Undefined: nothing that concerns the package came up to the cursor. */
  readonly event: ChainEvent | undefined;
  /** Length of the event in BCS. */
  readonly size: number;
}

/** Which fields of an event a frame takes. */
export const EVENT_FIELDS = ['event_type', 'contents', 'checkpoint', 'transaction_digest', 'event_index'];

/** Field numbers of `sui.rpc.v2`: `ListEventsResponse`, which `SubscribeEventsResponse` shares, and its parts. */
const RESPONSE = { event: 1, watermark: 2, end: 3 } as const;
const WATERMARK = { cursor: 1, checkpoint: 2 } as const;
const QUERY_END = { reason: 1 } as const;
const EVENT = { eventType: 4, contents: 5, checkpoint: 7, transactionDigest: 8, eventIndex: 10 } as const;
const CONTENTS = { value: 2 } as const;

/**
 * Reads a message of an event stream.
 * @throws RangeError for bytes that are none, or without a cursor
 */
export function readFrame(bytes: Uint8Array, types: KeptTexts): RawFrame {
  const reader = new ProtoReader(bytes);
  let event: RawEvent | undefined;
  let cursor: Uint8Array | undefined;
  let checkpoint: bigint | undefined;
  let end: number | undefined;
  while (reader.next()) {
    if (reader.field === RESPONSE.event) event = readEvent(reader.message(), types);
    else if (reader.field === RESPONSE.watermark) {
      const watermark = reader.message();
      while (watermark.next()) {
        if (watermark.field === WATERMARK.cursor) cursor = watermark.bytes();
        else if (watermark.field === WATERMARK.checkpoint) checkpoint = watermark.u64();
        else watermark.skip();
      }
    } else if (reader.field === RESPONSE.end) {
      end = GrpcTypes.QueryEndReason.UNKNOWN;
      const query = reader.message();
      while (query.next()) {
        if (query.field === QUERY_END.reason) end = query.u32();
        else query.skip();
      }
    } else reader.skip();
  }
  if (cursor === undefined) throw new RangeError('the endpoint sent a frame without a cursor');
  return { event, cursor, checkpoint, end };
}

function readEvent(reader: ProtoReader, types: KeptTexts): RawEvent {
  let eventType: string | undefined;
  let contents: Uint8Array | undefined;
  let checkpoint: bigint | undefined;
  let transactionDigest: string | undefined;
  let eventIndex: number | undefined;
  while (reader.next()) {
    switch (reader.field) {
      case EVENT.eventType:
        eventType = reader.repeatedText(types);
        break;
      case EVENT.contents:
        contents = readContents(reader.message());
        break;
      case EVENT.checkpoint:
        checkpoint = reader.u64();
        break;
      case EVENT.transactionDigest:
        transactionDigest = reader.text();
        break;
      case EVENT.eventIndex:
        eventIndex = reader.u32();
        break;
      default:
        reader.skip();
    }
  }
  return { eventType, contents, checkpoint, transactionDigest, eventIndex };
}

function readContents(reader: ProtoReader): Uint8Array | undefined {
  let value: Uint8Array | undefined;
  while (reader.next()) {
    if (reader.field === CONTENTS.value) value = reader.bytes();
    else reader.skip();
  }
  return value;
}

/** The messages of both event streams, read into frames at once. */
class FrameType extends MessageType<Frame> {
  readonly #types = new KeptTexts();
  readonly #decoder: EventDecoder;

  constructor(decoder: EventDecoder) {
    super('sui.rpc.v2.ListEventsResponse', []);
    this.#decoder = decoder;
  }

  override fromBinary(bytes: Uint8Array): Frame {
    const { event: raw, cursor, checkpoint, end } = readFrame(bytes, this.#types);
    const fallbackId = (): string => `unidentified:${Buffer.from(cursor).toString('base64url')}`;
    const event = raw === undefined ? undefined : this.#decoder.decode(raw, fallbackId);
    return { event, size: raw?.contents?.length ?? 0, cursor, checkpoint, end };
  }

  /** The transport asks after each read, and the read was strict. */
  override is(frame: unknown): frame is Frame {
    return typeof frame === 'object' && frame !== null;
  }
}

/**
 * For the calls of event streams: their messages are {@link Frame}s then, whatever their type says. The
 * general decoder and the transport's check of what it made take most of the time of a long backlog.
 */
export function readingFrames(packageId: string): RpcInterceptor {
  const O = new FrameType(new EventDecoder(packageId));
  return {
    interceptServerStreaming: (next, method, input, options) => next({ ...method, O }, input, options),
  };
}
