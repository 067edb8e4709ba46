import { GrpcTypes } from '@mysten/sui/grpc';
import fc from 'fast-check';
import t from 'tap';
import { readFrame } from '#src/chain/sui/frame-codec.js';
import { KeptTexts } from '#src/chain/sui/proto-reader.js';

const types = new KeptTexts();
const U64_MAX = 2n ** 64n - 1n;
const u64 = fc.bigInt({ min: 0n, max: U64_MAX });
const maybe = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(value, { nil: undefined });
const bytes = fc.uint8Array({ maxLength: 300 });

/** Whole events, with fields that the node did not ask for, and with holes. */
const events = fc.record({
  packageId: maybe(fc.string()),
  module: maybe(fc.string()),
  sender: maybe(fc.string()),
  eventType: maybe(
    fc.oneof(fc.constantFrom('0x1::a::B', '0x2::c::D', '0x1::a::B<u8>'), fc.string({ unit: 'binary' })),
  ),
  contents: maybe(fc.record({ name: maybe(fc.string()), value: maybe(bytes) })),
  checkpoint: maybe(u64),
  transactionDigest: maybe(fc.string()),
  transactionIndex: maybe(u64),
  eventIndex: maybe(fc.nat({ max: 0xffff_ffff })),
});
const frames = fc.record({
  event: maybe(events),
  watermark: fc.record({ cursor: bytes, checkpoint: maybe(u64) }),
  end: maybe(fc.record({ reason: maybe(fc.constantFrom(1, 2, 3, 4, 5)) })),
});

function encode(frame: object): Uint8Array {
  const { ListEventsResponse } = GrpcTypes;
  // Keys with undefined behind them are fields that are not there.
  return ListEventsResponse.toBinary(ListEventsResponse.create(withoutHoles(frame)));
}

function withoutHoles(value: object): object {
  const entries = Object.entries(value).flatMap(([key, item]) => {
    if (item === undefined) return [];
    const plain = typeof item === 'object' && !(item instanceof Uint8Array);
    return [[key, plain ? withoutHoles(item) : item]];
  });
  return Object.fromEntries(entries);
}

t.test('a frame is read as the general decoder reads it', async (t) => {
  fc.assert(
    fc.property(frames, (frame) => {
      const encoded = encode(frame);
      const wanted = GrpcTypes.ListEventsResponse.fromBinary(encoded);
      const found = readFrame(encoded, types);
      const { event } = wanted;
      t.same(
        { ...found, cursor: Buffer.from(found.cursor), event: found.event && withoutHoles(found.event) },
        {
          event:
            event &&
            withoutHoles({
              eventType: event.eventType,
              contents: event.contents?.value,
              checkpoint: event.checkpoint,
              transactionDigest: event.transactionDigest,
              eventIndex: event.eventIndex,
            }),
          cursor: Buffer.from(wanted.watermark?.cursor ?? []),
          checkpoint: wanted.watermark?.checkpoint,
          end: wanted.end === undefined ? undefined : (wanted.end.reason ?? 0),
        },
      );
    }),
  );
});

t.test('no bytes make it fail otherwise than with a RangeError', async () => {
  const check = (noise: Uint8Array): boolean => {
    try {
      readFrame(noise, types);
      return true;
    } catch (error) {
      return error instanceof RangeError;
    }
  };
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), check), { numRuns: 1_000 });
  fc.assert(
    fc.property(frames, fc.nat(), fc.nat(255), (frame, at, byte) => {
      const encoded = Uint8Array.from(encode(frame));
      encoded[at % encoded.length] = byte;
      return check(encoded) && check(encoded.subarray(0, at % encoded.length));
    }),
    { numRuns: 1_000 },
  );
});
